"""Members of settings.json are set and put back; every other byte stays as it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.cli.claude.settings_members import UnusableSettings, with_members, without_members

LINE = {"type": "command", "command": "candela statusline"}
WANTED: dict[tuple[str, ...], Any] = {
    ("statusLine",): LINE,
    ("env", "ANTHROPIC_BASE_URL"): "http://127.0.0.1:8181/proxy/anthropic-direct",
    ("env", "HTTP_PROXY"): "",
}

values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
documents = some.fixed_dictionaries(
    {},
    optional={
        "statusLine": values,
        "env": some.dictionaries(some.sampled_from(["A", "HTTP_PROXY", "ANTHROPIC_BASE_URL"]), some.text(max_size=5)),
        "permissions": values,
        "é": values,
    },
)


def laid_out(document: Any, form: int) -> bytes:
    """The document as different editors would write it."""
    match form:
        case 0:
            text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        case 1:
            text = json.dumps(document)
        case 2:
            text = json.dumps(document, separators=(",", ":"))
        case 3:
            text = json.dumps(document, indent="\t").replace("\n", "\r\n")
        case 4:
            text = " " + json.dumps(document, indent=4).replace("{}", "{ }").replace(",\n", " ,\n\n") + "  "
        case _:
            text = "\ufeff" + json.dumps(document, indent=1)
    return text.encode("utf-8", "surrogatepass")


@given(document=documents, form=some.integers(0, 5), paths=some.sets(some.sampled_from(sorted(WANTED)), min_size=1))
def test_what_was_set_is_put_back_to_the_byte(document: Any, form: int, paths: set[tuple[str, ...]]) -> None:
    before = laid_out(document, form)
    wanted = {path: WANTED[path] for path in sorted(paths)}
    text, made = with_members(before, wanted)
    expected = json.loads(json.dumps(document))
    for path, value in wanted.items():
        (expected if len(path) == 1 else expected.setdefault(path[0], {}))[path[-1]] = value
    assert json.loads(text.decode("utf-8-sig")) == expected
    assert without_members(text, made)[:2] == (before, ())


@given(document=documents, form=some.integers(0, 5), later=some.text(min_size=1, max_size=3))
def test_what_others_changed_since_stays(document: Any, form: int, later: str) -> None:
    text, made = with_members(laid_out(document, form), WANTED)
    # Another program writes the file again, with more in it.
    after = json.loads(text.decode("utf-8-sig"))
    after[f"new {later}"] = 1
    after["env"][f"new {later}"] = later
    restored, changed, _ = without_members(json.dumps(after).encode(), made)
    assert restored is not None
    assert changed == ()
    expected = json.loads(json.dumps(document)) | {f"new {later}": 1}
    expected.setdefault("env", {})[f"new {later}"] = later
    assert json.loads(restored) == expected


def test_a_member_is_added_with_the_layout_of_the_others() -> None:
    before = b'{\n    "model": "opus",\n    "env": {\n        "A": "1"\n    }\n}\n'
    text, _ = with_members(before, WANTED)
    assert (
        text.decode()
        == """{
    "model": "opus",
    "env": {
        "A": "1",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:8181/proxy/anthropic-direct",
        "HTTP_PROXY": ""
    },
    "statusLine": {
        "type": "command",
        "command": "candela statusline"
    }
}
"""
    )


def test_a_file_that_is_made_is_removed_again_unless_others_wrote_into_it() -> None:
    text, made = with_members(None, {("env", "HTTP_PROXY"): ""})
    assert text == b'{\n  "env": {\n    "HTTP_PROXY": ""\n  }\n}\n'
    assert without_members(text, made)[0] is None
    assert without_members(text.replace(b"{", b'{"a": 1,', 1), made)[0] == b'{"a": 1\n}\n'


def test_a_member_that_was_changed_since_is_named_and_stays() -> None:
    text, made = with_members(b"{}", {("statusLine",): LINE})
    mine = text.replace(b"candela statusline", b"mine")
    assert without_members(mine, made)[:2] == (mine, (("statusLine",),))


def test_what_is_set_already_changes_nothing() -> None:
    text, _ = with_members(b'{"a": 1}', WANTED)
    again, made = with_members(text, WANTED)
    assert (again, made.members) == (text, ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"{\n  // mine\n}", "is not valid JSON (line 2, column 3: Expecting property name enclosed in double quotes)"),
        (b"", "is not valid JSON (line 1, column 1: Expecting value)"),
        (b"[]", "is not a JSON object"),
        (b"\xff{}", "is not UTF-8 text"),
        (b'{"env": []}', "has something else than an object as env"),
        (b'{"a": 1, "a": 2}', "has a member twice, and which of them counts is not said"),
        (b'{"env": {"A": "1", "A": "2"}}', "has a member twice, and which of them counts is not said"),
        (b"[" * 100_000, "can't be read as JSON"),
    ],
)
def test_a_text_that_can_not_be_changed_safely_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(UnusableSettings) as refused:
        with_members(text, WANTED)
    assert str(refused.value) == why
