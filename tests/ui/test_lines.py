"""Bodies as lines: JSON of any shape, and what is not JSON."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.ui.lines.json_string import string_slices
from candela_tui.ui.lines.spans import SpanLines, coloured, json_lines, json_spans, spans_for, text_spans

_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def _lines(body: bytes, width: int = 80) -> list[str]:
    return ["".join(text for text, _ in line) for line in json_lines(body, width)]


def test_json_is_indented() -> None:
    body = b'{"model":"m","n":[1,2],"empty":{},"none":[],"s":"a\\"b"}'
    assert _lines(body) == [
        "{",
        '  "model": "m",',
        '  "n": [',
        "    1,",
        "    2",
        "  ],",
        '  "empty": {},',
        '  "none": [],',
        '  "s": "a\\"b"',
        "}",
    ]


@given(_DOCUMENTS)
def test_indented_json_is_the_same_document(document: Any) -> None:
    body = json.dumps(document).encode()
    assert json.loads("".join(line.strip(" ") for line in _lines(body, 100_000))) == document


@given(st.binary(max_size=300), st.integers(20, 60))
def test_whatever_the_bytes_are_each_is_shown_once_and_in_order(body: bytes, width: int) -> None:
    for spans in (json_spans, text_spans):
        end = 0
        for span in spans(body, width):
            assert end <= span.start <= span.end <= len(body)
            assert body[end : span.start].strip(b" \t\r\n") == b""
            end = span.end
        assert body[end:].strip(b" \t\r\n") == b""


def test_a_long_string_goes_on_below_without_tearing_characters_or_escapes() -> None:
    body = json.dumps({"t": 'é\\n"' * 200}, ensure_ascii=False).encode()
    lines = SpanLines(body, json=True)
    for _ in lines.index(json_spans(body, 60)):
        pass
    texts = [lines.text(number) for number in range(len(lines))]
    assert "\ufffd" not in "".join(texts)
    assert not any(text.endswith("\\") and (len(text) - len(text.rstrip("\\"))) % 2 for text in texts)
    assert json.loads("".join(texts)) == json.loads(body)


def test_the_rest_of_a_string_keeps_its_colour() -> None:
    assert coloured('end of it", ', in_string=True)[0] == ('end of it"', "good")


def test_what_is_not_json_keeps_its_lines() -> None:
    body = b"<html>\r\n<p>502</p>\n"
    spans = spans_for(body)
    assert spans is text_spans
    assert [body[span.start : span.end] for span in spans(body, 80)] == [b"<html>", b"<p>502</p>"]


@given(st.text(max_size=50), st.integers(0, 3))
def test_a_string_decoded_in_slices_is_the_same_string(text: str, ensure: int) -> None:
    whole = (text + 'é🙂\\ "\n' * 3) * 4000
    literal = json.dumps(whole, ensure_ascii=bool(ensure % 2)).encode("utf-8", "surrogatepass")
    assert "".join(string_slices(literal)) == whole
