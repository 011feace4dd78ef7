import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.claude_code.permissions.paths import Place
from candela_tui.claude_code.permissions.patterns import BadPattern, JudgedCall, ToolCall, denying, parse_pattern
from candela_tui.claude_code.permissions.shell import read_line
from tests.claude_code.permissions.cases import HOME, OTHERS, PROJECT, SHARED, Case

PLACE = Place(HOME, PROJECT)


def denied(command: str, *deny: str, allow: tuple[str, ...] = ()) -> str | None:
    call = ToolCall("Bash", {"command": command})
    return denying([*map(parse_pattern, deny)], [*map(parse_pattern, allow)], JudgedCall(call, PLACE))


@pytest.mark.parametrize("case", [*SHARED, *OTHERS], ids=lambda case: f"{case.pattern} of {case.arguments}"[:80])
def test_a_pattern_denies_what_it_names(case: Case) -> None:
    found = denying([parse_pattern(case.pattern)], [], JudgedCall(ToolCall(case.tool, case.arguments), PLACE))

    assert found == (case.pattern if case.denied else None)


def test_a_pattern_of_an_exception_lets_its_commands_pass_and_no_others() -> None:
    deny, allow = "Bash(git *)", ("Bash(git status *)", "Bash(git log)")

    assert denied("git status -s && git log | cat", deny, allow=allow) is None
    assert denied("git status && git push", deny, allow=allow) == deny
    assert denied("git log --all", deny, allow=allow) == deny


def test_an_exception_for_a_tool_lets_all_its_calls_pass() -> None:
    call = ToolCall("mcp__github__list", {})

    assert (
        denying([parse_pattern("mcp__github")], [parse_pattern("mcp__github__list")], JudgedCall(call, PLACE)) is None
    )


def test_what_cannot_be_read_is_denied_whatever_is_excepted() -> None:
    assert denied("if true; then", "Bash(rm *)", allow=("Bash(true)",)) == "Bash(rm *)"


def test_a_program_that_only_a_variable_names_is_denied() -> None:
    assert denied('"$TOOL" --all', "Bash(rm *)") == "Bash(rm *)"
    assert denied("$HOME/bin/tool", "Bash(rm *)") is None


def test_scripts_in_scripts_are_read_to_a_depth_and_denied_below_it() -> None:
    nested = "true"
    for _ in range(20):
        nested = f"eval {nested}"

    assert denied(nested, "Bash(rm *)") == "Bash(rm *)"


def test_a_line_without_a_project_is_judged_from_the_root() -> None:
    call = ToolCall("Read", {"file_path": "/srv/app/.env"})

    assert denying([parse_pattern("Read(.env)")], [], JudgedCall(call, Place(HOME, None))) == "Read(.env)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is not a tool"),
        ("Bash(rm", "it is not a tool"),
        ("WebFetch(example.com)", 'only "domain:" with a host is known'),
        ("WebSearch(anything)", "WebSearch has no arguments that a rule can name"),
        ("Read(/)", "it names no file"),
    ],
)
def test_a_pattern_that_cannot_be_understood_says_why(text: str, words: str) -> None:
    with pytest.raises(BadPattern, match=words):
        parse_pattern(text)


def test_blanks_between_two_variables_are_kept() -> None:
    assert denied('A=rm; B=-rf; sh -c "$A $B x"', "Bash(rm -rf *)") == "Bash(rm -rf *)"
    assert read_line('A=x; cat "$A  $A"', HOME).commands[-1].words == ("cat", "x  x")


@given(some.text())
def test_any_text_is_read_as_a_line(text: str) -> None:
    line = read_line(text, HOME)

    assert all(command.words for command in line.commands)


@given(some.lists(some.text(alphabet="ab'\"\\$ ;&|`*", min_size=1), min_size=1))
def test_a_quoted_argument_reaches_the_program_as_it_is(words: list[str]) -> None:
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)

    line = read_line(f"prog {quoted}", HOME)

    assert line.is_whole
    assert [command.words for command in line.commands] == [("prog", *words)]
