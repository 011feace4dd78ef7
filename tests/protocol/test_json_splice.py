"""JSON texts with a few members changed: every other byte stays as the client wrote it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candela_tui.protocol.json_spans import Span
from candela_tui.protocol.json_splice import NotSpliceable, Splice

SPACES = st.text(" \t\n\r", max_size=3)
NUMBERS = st.sampled_from(["0", "-0", "1.0e-7", "1E400", "12345678901234567890123", "0.10", "-1e+2"])
STRINGS = st.one_of(
    st.text(max_size=8).map(json.dumps),
    st.text(max_size=8).map(lambda text: json.dumps(text, ensure_ascii=False)).filter(lambda text: text.isprintable()),
    st.sampled_from([r'"\ud83d"', r'"\\ud83d"', r'"\ude00 \ud83d\ude00"', r'"\/\b"', '"{\\"a\\":[1,2]}"', '"é🙂"']),
)
NAMES = ["a", "b", "é", 'q"', "drop", "swap"]


@st.composite
def arrays(draw: Any, values: st.SearchStrategy[str]) -> str:
    items = [draw(SPACES) + item + draw(SPACES) for item in draw(st.lists(values, max_size=4))]
    return "[" + (",".join(items) or draw(SPACES)) + "]"


@st.composite
def objects(draw: Any, values: st.SearchStrategy[str]) -> str:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    spaces = [tuple(draw(SPACES) for _ in range(4)) for _ in names]
    members = [
        f"{a}{json.dumps(name, ensure_ascii=draw(st.booleans()))}{b}:{c}{draw(values)}{d}"
        for name, (a, b, c, d) in zip(names, spaces, strict=True)
    ]
    return "{" + (",".join(members) or draw(SPACES)) + "}"


VALUES = st.recursive(
    st.one_of(NUMBERS, STRINGS, st.sampled_from(["true", "false", "null"])),
    lambda values: st.one_of(arrays(values), objects(values)),
    max_leaves=12,
)


def text_of(document: str) -> bytes:
    return document.encode("utf-8", "surrogatepass")


def parsed(text: bytes) -> Any:
    """Numbers as they are written: 1E400 is no float."""
    return json.loads(text, parse_float=str, parse_int=str)


@given(SPACES, objects(VALUES), SPACES)
def test_a_document_without_edits_is_the_clients_own_to_the_byte(before: str, document: str, after: str) -> None:
    text = text_of(before + document + after)
    assert Splice(text).rendered() == text


@given(objects(VALUES))
def test_each_span_is_the_text_of_its_member(document: str) -> None:
    text = text_of(document)
    splice = Splice(text)
    members = parsed(text)
    spans = splice.inside(splice.root)
    assert [span.name for span in spans] == list(members)
    assert [parsed(splice.raw(span)) for span in spans] == list(members.values())


@given(objects(VALUES), st.sets(st.sampled_from(NAMES)))
def test_removed_members_are_gone_and_the_others_keep_their_bytes(document: str, names: set[str]) -> None:
    text = text_of(document)
    splice = Splice(text)
    spans = splice.inside(splice.root)
    for number, span in enumerate(spans):
        if span.name in names:
            splice.remove(splice.root, number)
    result = splice.rendered()
    assert parsed(result) == {name: value for name, value in parsed(text).items() if name not in names}
    for span in spans:
        if span.name not in names:
            assert text[span.start : span.end] in result


@given(objects(VALUES), st.sampled_from(NAMES))
def test_a_replaced_member_changes_nothing_around_it(document: str, name: str) -> None:
    text = text_of(document)
    splice = Splice(text)
    span = splice.member(name)
    if span is None:
        return
    splice.replace(span.value, span.end, b'{"new":1.50}')
    assert splice.rendered() == text[: span.value] + b'{"new":1.50}' + text[span.end :]


@settings(max_examples=200)
@given(objects(VALUES))
def test_members_are_taken_out_wherever_they_are_below_any_item(document: str) -> None:
    text = b'{"a":[' + text_of(document) + b"," + text_of(document) + b',7],"b":{"drop":1}}'
    splice = Splice(text)
    for container, number in list(splice.find(("a", "*", "drop"))):
        splice.remove(container, number)
    expected = parsed(text)
    for item in expected["a"][:2]:
        item.pop("drop", None)
    assert parsed(splice.rendered()) == expected


@given(st.lists(VALUES, max_size=6), st.sets(st.integers(0, 5)), SPACES)
def test_items_are_taken_out_with_one_comma_each(items: list[str], numbers: set[int], space: str) -> None:
    text = text_of('{"a":[' + f"{space},{space}".join(items) + "]}")
    splice = Splice(text)
    array = splice.member("a")
    assert array is not None
    for number in numbers:
        if number < len(items):
            splice.remove(array, number)
    kept = [item for number, item in enumerate(parsed(text)["a"]) if number not in numbers]
    assert parsed(splice.rendered())["a"] == kept


def test_an_edit_within_what_is_removed_falls_away() -> None:
    splice = Splice(b'{"a":{"b":1},"c":2}')
    inner = splice.member("b", splice.member("a"))
    assert inner is not None
    splice.replace(inner.value, inner.end, b"9")
    splice.remove(splice.root, 0)
    assert splice.rendered() == b'{"c":2}'


@given(objects(VALUES), objects(VALUES))
def test_a_document_that_names_a_member_twice_is_refused(first: str, second: str) -> None:
    both = parsed(text_of(first)).keys() & parsed(text_of(second)).keys()
    text = text_of(first[:-1] + ("," if first[1:-1].strip() and second[1:-1].strip() else "") + second[1:])
    if both:
        with pytest.raises(NotSpliceable, match="twice"):
            Splice(text)
    else:
        assert Splice(text).rendered() == text


def test_a_value_of_the_same_length_does_not_hide_that_a_member_came_twice() -> None:
    for text in (b'{"a":1,"a":2}', b'{"a":1,"a":1}', b'{"a":1,"a":1,"b":1}', b'{"a":{"x":1,"b":2},"a":123456,"b":3}'):
        with pytest.raises(NotSpliceable, match="twice"):
            Splice(text)


def test_a_member_named_twice_deeper_down_is_refused_when_it_is_looked_into() -> None:
    splice = Splice(b'{"tools":[{"name":"a","name":"b"}]}')
    with pytest.raises(NotSpliceable, match="twice"):
        list(splice.find(("tools", "*", "name")))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'"a"', b"{", b'{"a":1,}', b"{'a':1}", b"\xff", b'{"a":1} x', b"[" * 9000]
)
def test_what_is_no_json_object_is_refused_with_words(text: bytes) -> None:
    with pytest.raises(NotSpliceable, match=r"not a JSON object|nested too deep"):
        Splice(text)


def test_half_a_surrogate_pair_that_stands_alone_is_found_around_and_goes_out_as_it_came() -> None:
    text = rb'{"model":"m","cut":"\ud83d","messages":[{"text":"\\ud83d \ude00"}]}'
    splice = Splice(text)
    model = splice.member("model")
    assert model is not None
    splice.remove(splice.root, 0)
    assert splice.rendered() == text.replace(b'"model":"m",', b"")
    assert [splice.raw(splice.inside(c)[n]) for c, n in splice.find(("messages", "*", "text"))] == [
        rb'"\\ud83d \ude00"'
    ]


def test_values_without_members_have_nothing_inside() -> None:
    splice = Splice(b'{"a":1,"b":"text","c":[],"d":{}}')
    assert [splice.inside(span) for span in splice.inside(splice.root)] == [[], [], [], []]
    assert splice.member("x", Span("", 5, 5, 6)) is None


def test_items_are_found_by_their_type_and_those_without_one_are_custom() -> None:
    splice = Splice(b'{"tools":[{"a":1},{"a":2,"type":"b"},{"type":"custom","a":3},7],"b":{"custom":{"a":4}}}')
    for name, found in [("custom", [b"1", b"3"]), ("b", [b"2"]), ("*", [b"1", b"2", b"3"]), ("c", [])]:
        spans = [splice.inside(container)[number] for container, number in splice.find(("tools", name, "a"))]
        assert [splice.raw(span) for span in spans] == found
