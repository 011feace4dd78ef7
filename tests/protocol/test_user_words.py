import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.user_words import LONGEST_WORDS, first_words, one_line

OPENED = (
    "<ide_opened_file>The user opened the file /srv/reef/date.py in the IDE. This may or may not be related to the "
    "current task.</ide_opened_file>"
)
ADDED = [
    OPENED,
    '<ide_selection path="/srv/a.py">if a < b:\n    return <T>\n</ide_selection>',
    "<ide_diagnostics>[{}]</ide_diagnostics>",
    "<user-prompt-submit-hook>Be brief</user-prompt-submit-hook>",
    "<task-notification>\n<task-id>b1</task-id>\n<status>completed</status>\n</task-notification>",
    "<bash-input>ls</bash-input><bash-stdout></bash-stdout><bash-stderr></bash-stderr>",
    '<teammate-message teammate_id="lead">Start</teammate-message>',
    "<local-command-stdout></local-command-stdout>",
    "<command-name>/clear</command-name>\n   <command-message>clear</command-message>\n<command-args></command-args>",
    "<something_new a='1'>whatever\n\nit says</something_new>",
    "<system-reminder>the tag `<system-reminder>` begins one</system-reminder>",
    "<new-diagnostics/>",
    "[Image: source: /srv/picture.png]",
    "[Image #1]",
]


@pytest.mark.parametrize("added", ADDED)
@pytest.mark.parametrize("between", ["", "\n", "\n\n", " "])
def test_a_block_in_front_is_not_the_users(added: str, between: str) -> None:
    assert first_words(f"{added}{between}Fix the failing date parser") == "Fix the failing date parser"


@pytest.mark.parametrize("added", ADDED)
def test_a_block_alone_has_no_words(added: str) -> None:
    assert first_words(added) is None
    assert first_words(f"\n{added}\n\n") is None


@pytest.mark.parametrize("added", ADDED)
def test_nor_is_a_block_on_lines_of_its_own(added: str) -> None:
    assert first_words(f"Fix it\n{added}\nsoon") == "Fix it soon"


@pytest.mark.parametrize(
    "text",
    [
        "<div>is in the middle</div> of it",
        "why is <my-button>Save</my-button> grey?",
        "<T> is generic",
        "List<String> and Map<K, V>",
        "if a<b and c>d",
        "<my-button> is never closed",
        "<b>bold</b>",
        "[WIP] fix [Image tags",
        "a [Image #1] in the text",
    ],
)
def test_tags_of_the_users_stay(text: str) -> None:
    assert first_words(text) == text


NAMES = st.from_regex(r"[a-z]{1,8}([-_][a-z0-9]{1,6}){1,3}", fullmatch=True)
INSIDE = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="<>"), max_size=40)
BLOCKS = st.builds(
    lambda name, attribute, inside: f"<{name}{attribute}>{inside}</{name}>",
    NAMES.filter(lambda name: not name.startswith("command-")),
    st.sampled_from(["", " id='1'", ' a="b" c']),
    INSIDE,
)
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, blacklist_characters="<["), min_size=1)
MARKUP = st.sampled_from(["<div>", "</div>", "<T>", "a<b", "&&", "x > y", "`<p class='x'>`"])


@given(
    st.lists(st.tuples(BLOCKS, st.sampled_from(["", " ", "\n", "\n\n"])), max_size=4),
    WORDS,
    st.lists(st.one_of(WORDS, MARKUP), max_size=6),
)
def test_what_is_left_is_what_the_user_wrote(blocks: list[tuple[str, str]], first: str, rest: list[str]) -> None:
    words = " ".join([first, *rest])
    text = "".join(block + between for block, between in blocks) + words
    assert first_words(text) == one_line(words)


PIECES = ["<", ">", "/", "a-b", "<a-b>", "</a-b>", "<system-reminder>", "\n", " ", "[Image", "]", "x"]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_has_words_of_one_line_at_most(text: str) -> None:
    words = first_words(text)
    assert words is None or (0 < len(words) <= LONGEST_WORDS and "\n" not in words)


def test_a_skill_says_what_it_was_asked_for() -> None:
    preamble = "Base directory for this skill: /srv/.claude/skills/reef\n\n# Reef\n\nDo as told."
    assert first_words(preamble) is None
    assert first_words(f"{preamble}\n\nARGUMENTS: count the fish") == "count the fish"


@pytest.mark.parametrize("hostile", ["<a-b>" * 13_000, "<a-b>\n" * 11_000, "<a-b>" * 6_500 + "</a-b>" * 6_500])
def test_hostile_texts_are_read_in_no_time(hostile: str) -> None:
    first_words(hostile)
