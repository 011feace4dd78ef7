"""Bodies as lines: JSON of any shape, what is not JSON, and what is found in either."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.text.terminal_safe import terminal_safe_lines
from candela_tui.text.wrap import height_of, wrapped
from candela_tui.ui.widgets.text_view.highlights import marked
from candela_tui.ui.widgets.text_view.json_string import Newlines, decoded, pieces
from candela_tui.ui.widgets.text_view.lines import Lines
from candela_tui.ui.widgets.text_view.search import Query
from candela_tui.ui.widgets.text_view.span_lines import SpanLines, coloured
from candela_tui.ui.widgets.text_view.spans import json_spans, spans_for, text_spans
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def _lines(body: bytes, width: int = 80) -> list[str]:
    lines = SpanLines(body, json=True)
    for _ in lines.index(json_spans(body, width)):
        pass
    return ["".join(text for text, _ in lines.line(number)) for number in range(len(lines))]


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


@given(_DOCUMENTS, st.sampled_from([None, 0, 3]))
def test_json_is_indented_alike_however_it_was_written(document: Any, indent: int | None) -> None:
    assert _lines(json.dumps(document, indent=indent).encode(), 100_000) == json.dumps(document, indent=2).split("\n")


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
def test_a_string_cut_at_its_newlines_is_the_same_string(text: str, ensure: int) -> None:
    whole = (text + "\\n\\\\\n é🙂" * ensure) * 900
    literal = json.dumps(whole, ensure_ascii=bool(ensure % 2)).encode("utf-8", "surrogatepass")
    parts = list(pieces(literal, 1, len(literal) - 1))
    joined = "".join(
        decoded(literal, part.start, part.stop) + ("" if part.goes_on or part is parts[-1] else "\n") for part in parts
    )
    assert joined == whole.removesuffix("\n")
    assert max(part.stop - part.start for part in parts) <= 16_384


@given(st.text('n\\\n\t"é', max_size=60))
def test_newlines_are_counted_without_decoding(text: str) -> None:
    literal = json.dumps(text).encode()
    newlines = Newlines(literal, 1, len(literal) - 1)
    for _ in newlines.count():
        pass
    assert newlines.lines == (text.removesuffix("\n").count("\n") + 1 if text else 0)


@given(st.text(max_size=300), st.integers(2, 60))
def test_the_height_of_a_text_is_how_many_lines_it_is_broken_into(text: str, width: int) -> None:
    text = terminal_safe_lines(text)
    assert height_of(text, width) == sum(1 for line in text.split("\n") for _ in wrapped(line, width))


def _found(lines: Lines, words: str) -> int:
    finder = lines.finder(Query(words))
    for _ in finder.steps():
        pass
    assert finder.complete
    marks = {mark.hit for number in range(len(lines)) for mark in lines.marks(number, finder.hits)}
    assert marks == set(range(len(finder.hits)))
    for hit in finder.hits:
        assert lines.line_of(hit) == hit[0]
    return len(finder.hits)


def _count(text: str, words: str) -> int:
    return sum(line.count(words) for line in text.split("\n"))


@given(st.text("ab \n", max_size=400), st.from_regex(r"[ab]([ab ]{0,28}[ab])?", fullmatch=True))
def test_what_is_broken_over_lines_is_found(text: str, words: str) -> None:
    lines = WrittenLines()
    for line in text.split("\n"):
        lines.wrap(line, "text", 20, "   ")
    assert _found(lines, words) == _count(text, words)


@given(st.text("ab c", min_size=100, max_size=300), st.text("ab", min_size=1, max_size=3))
def test_what_is_broken_in_a_body_is_found(text: str, words: str) -> None:
    body = json.dumps({"key": text, "list": [text, 1]}).encode()
    lines = SpanLines(body, json=True)
    for _ in lines.index(json_spans(body, 40)):
        pass
    assert _found(lines, words) == 2 * _count(text, words)


def test_a_hit_is_marked_on_each_line_that_it_is_on() -> None:
    lines = WrittenLines()
    lines.wrap("a needle in the haystack", "text", 12, "  ")
    finder = lines.finder(Query("in the hay"))
    for _ in finder.steps():
        pass
    drawn = [
        "".join(text if style == "hit" else "." * len(text) for text, style in marked(lines.line(number), marks, -1))
        for number in range(len(lines))
        for marks in [list(lines.marks(number, finder.hits))]
    ]
    assert drawn == ["..........", "..in the", "..hay....."][-len(drawn) :]


def test_a_hit_behind_a_colon_is_marked_where_it_is_drawn() -> None:
    body = b'{"model":"opus"}'
    lines = SpanLines(body, json=True)
    for _ in lines.index(json_spans(body, 40)):
        pass
    finder = lines.finder(Query("opus"))
    for _ in finder.steps():
        pass
    (mark,) = lines.marks(1, finder.hits)
    drawn = "".join(text for text, _ in lines.line(1))
    assert drawn[mark.start : mark.stop] == "opus"


def test_words_are_found_in_a_line_of_any_length() -> None:
    text = "".join(f"{number:06}" for number in range(20_000))
    lines = WrittenLines()
    lines.wrap(text, "text", 80)
    for number in (0, 1, 5460, 5461, 12_345, 19_998):
        assert _found(lines, f"{number:06}{number + 1:06}") >= 1


def test_lines_that_are_added_while_words_are_looked_for_are_searched_too() -> None:
    lines = WrittenLines()
    lines.wrap("one needle", "text", 40)
    finder = lines.finder(Query("needle"))
    for _ in finder.steps():
        pass
    lines.wrap("another needle", "text", 40)
    assert not finder.complete
    for _ in finder.steps():
        pass
    assert len(finder.hits) == 2


def test_broken_lines_have_one_number() -> None:
    body = json.dumps({"a": "word " * 30, "b": 2}).encode()
    lines = SpanLines(body, json=True)
    for _ in lines.index(json_spans(body, 40)):
        pass
    numbers = [lines.ordinal(number) for number in range(len(lines))]
    assert [number for number in numbers if number] == [1, 2, 3, 4]
    assert numbers[2] is None


@given(st.text("aä \n", max_size=200), st.from_regex(r"[aä]([aäAÄ ]{0,6}[aä])?", fullmatch=True), st.integers(1, 9))
def test_a_body_is_searched_as_it_is_indexed(text: str, words: str, steps: int) -> None:
    body = (text * 3).encode()
    lines = SpanLines(body, json=False)
    finder = lines.finder(Query(words))
    index = lines.index(text_spans(body, 30))
    for number, _ in enumerate(index):
        if number % steps == 0:
            for _ in finder.steps():
                pass
    for _ in finder.steps():
        pass
    assert len(finder.hits) == _count((text * 3).lower(), words.lower())


def test_a_hit_does_not_reach_from_one_line_to_the_next() -> None:
    body = b'{"a":1,"b":2}'
    lines = SpanLines(body, json=True)
    for _ in lines.index(json_spans(body, 40)):
        pass
    assert _found(lines, '1,"b"') == 0
    assert _found(lines, "1,") == 1
