"""What is added to a TOML file and removed from it leaves the rest to the byte."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from candela_tui.config import ConfigError, change_setting
from candela_tui.config.toml_edit import with_new_key, without_key
from candela_tui.config.toml_text import parse

_COMMENTS = st.sampled_from(
    ["", "# about this\n", "# two\n# lines\n", "  # indented\n", "# deny = ['commented out']\n"]
)
_BLANKS = st.sampled_from(["", "\n", "\n\n", "\n \n"])
_BODIES = st.sampled_from(
    [
        'deny = ["Read"]\n',
        "deny = [\n  'Read', # why\n\n  'Edit',\n]\n",
        'name = """\n[[rules.tools]]\n"""\n',
        "  action = 'end' # why\n\n# and\n  dry_run = true\n",
        "",
    ]
)
_HEADERS = ("[proxy]", "[[rules.tools]]", "[[rules.budgets]]", "[ rules . models ]", "[ui]", "[[other]]")


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file of some sections, with comments and empty lines anywhere."""
    text = draw(_COMMENTS) + draw(_BLANKS)
    named: set[str] = set()
    for header in draw(st.lists(st.sampled_from(_HEADERS), max_size=6)):
        if header in named and not header.startswith("[["):
            continue
        named.add(header)
        text += draw(_COMMENTS) + header + draw(st.sampled_from(["", "  # of this"])) + "\n"
        text += draw(_BODIES) + draw(_BLANKS)
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def tables(text: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parse(text).get("rules", {}).get(name, [])
    return found


def is_only_insertion(text: str, longer: str) -> bool:
    return any(text[:place] == longer[:place] and longer.endswith(text[place:]) for place in range(len(text) + 1))


NEW = {"name": 'no "pushes"', "deny": ["Bash(git push *)"], "models": {"a.b": 1}}


@given(files())
@example("[[rules.tools]]\n[rules.tools.models]\nx = 1\n[[rules.tools]]\n")
def test_a_table_that_is_added_is_the_only_change_and_removing_it_undoes_it(text: str) -> None:
    assume(text.strip())
    count = len(tables(text, "tools"))
    added = with_new_key(text, ("rules", "tools", count), NEW)
    assert tables(added, "tools") == [*tables(text, "tools"), NEW]
    assert is_only_insertion(text, added)
    assert without_key(added, ("rules", "tools", count)) == text


@given(files(), st.data())
def test_a_table_that_is_removed_takes_only_its_own_lines(text: str, data: st.DataObject) -> None:
    before = tables(text, "tools")
    if not before:
        return
    place = data.draw(st.integers(0, len(before) - 1))
    removed = without_key(text, ("rules", "tools", place))
    assert tables(removed, "tools") == before[:place] + before[place + 1 :]
    others = {name: value for name, value in parse(text).items() if name != "rules"}
    assert {name: value for name, value in parse(removed).items() if name != "rules"} == others
    assert tables(removed, "budgets") == tables(text, "budgets")
    kept = iter(text.splitlines())
    assert all(any(line == other for other in kept) for line in removed.splitlines())
    assert "# of this" not in text or removed.count("# of this") >= text.count("# of this") - 1


@given(files(), st.data())
def test_a_key_that_is_added_to_a_table_and_removed_again_leaves_the_file_as_it_was(
    text: str, data: st.DataObject
) -> None:
    before = tables(text, "tools")
    if not before:
        return
    place = data.draw(st.integers(0, len(before) - 1))
    key = ("rules", "tools", place, "webhook")
    added = with_new_key(text, key, "http://x")
    assert tables(added, "tools")[place] == {**before[place], "webhook": "http://x"}
    assert is_only_insertion(text, added)
    assert without_key(added, key) == text


@pytest.mark.parametrize(
    "text",
    [
        "# mine\nrules = { tools = [{ deny = ['Read'] }] } # inline\n",
        "[rules]\ntools = [{ deny = ['Read'] }] # inline\n",
        "rules.tools = [\n  { deny = ['Read'] },\n]\n",
    ],
)
def test_rules_that_are_written_inline_can_be_changed_too(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    change_setting(file, ("rules", "tools", 1), {"deny": ["Edit"]})
    assert tables(file.read_text(), "tools") == [{"deny": ["Read"]}, {"deny": ["Edit"]}]
    change_setting(file, ("rules", "tools", 0), {"deny": ["Write"], "action": "answer"})
    change_setting(file, ("rules", "tools", 1), None)
    assert tables(file.read_text(), "tools") == [{"deny": ["Write"], "action": "answer"}]
    assert ("# mine" in file.read_text()) == ("# mine" in text)


def test_the_last_table_leaves_a_file_without_its_section(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[proxy]\nport = 1234\n")
    change_setting(file, ("rules", "tools", 0), {"deny": ["Read"]})
    change_setting(file, ("rules", "tools", 0), None)
    assert file.read_text() == "[proxy]\nport = 1234\n"


def test_a_first_table_makes_a_file_that_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    change_setting(file, ("rules", "tools", 0), {"name": "x", "deny": ["Read"]})
    assert file.read_text() == '[[rules.tools]]\nname = "x"\ndeny = ["Read"]\n'


def test_a_wrong_table_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[proxy]\nport = 1234\n")
    with pytest.raises(ConfigError, match="it is not a tool such as Bash"):
        change_setting(file, ("rules", "tools", 0), {"deny": ["Bash(git push"]})
    assert file.read_text() == "[proxy]\nport = 1234\n"
