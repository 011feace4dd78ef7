"""A session as one page for a browser: all of it is there as text, and nothing in it is markup."""

import json
import re
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from candela_tui.exchange import Delegation, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.held_call import REFUSED, held_words
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import Dialect
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.page.prose import prose
from candela_tui.reports.report import export_of
from candela_tui.text.terminal_safe import visible
from tests.reports.exchanges import exchange
from tests.reports.page_session import SVG, Page, Session, call, debugging, result, said, text, user

HOSTILE = (
    *("</script><script>alert(1)</script>", "<!--", "-->", "]]>", "<img src=x onerror=alert(1)>", "</div></details>"),
    *("&lt;b&gt;", "&#60;", "\x00", "\x1b[2J", "\r\n", "\x0c", "\ud83d", "\u202e", "\ufeff", "\n\n", "\t", "`", "**"),
    *("```", "| a | b |", "</style>", "</title>", "<plaintext>", "<svg>", "' onload='", '" onload="', "=1+1", "🙂"),
)
_HTML_TAGS = """
html head meta title style script body header main footer nav section article aside search form input output button
h1 h2 h3 h4 h5 p a b i span strong code div details summary dl dt dd ol li time table thead tbody tfoot tr th td
figure figcaption ins del img
"""
TAGS = {
    *_HTML_TAGS.split(),
    *(f"{space}{tag}" for space in ("", SVG) for tag in ("svg", "a", "rect", "line", "text", "title")),
}
"""The elements of a page."""
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=12), min_size=1, max_size=8).map("".join)


def test_each_turn_shows_what_was_said_once() -> None:
    page = Page(debugging().page())
    for words in ("It must be the clock.", "ls", "a.py\nb.py", "Count files", "Two.", "You are brave."):
        assert words in page.texts()
    assert sum("Let me see." in words for words in page.texts()) == 1
    assert [each.get("data-words") for each in page.of("article", "turn")] == [
        *("Why is `test_repeats` **flaky**?", None, None),
        "Count files",
    ]


def test_tools_thinking_and_reminders_are_folded_with_a_line_that_names_them() -> None:
    page = Page(debugging().page())
    heads = {kind: page.texts("details", kind) for kind in ("thinking", "call", "result", "reminder")}
    assert heads["thinking"][0].startswith("∴ Thinking It must be the clock.")
    assert [head.splitlines()[0] for head in heads["call"]] == [
        "→ Bash command=lscommandls",
        "→ Agent prompt=Count filespromptCount files",
    ]
    assert heads["result"][0].startswith("← Bash a.py b.py 2 lines")
    assert heads["reminder"][0].startswith("Reminder CLAUDE.md says so")
    assert not any(fold.get("open") for fold in page.of("details", "fold"))


def test_calls_that_a_rule_held_back_are_marked_with_its_name() -> None:
    words = held_words("Bash", "no pushes", "Bash(git push *)")
    session = Session()
    session.turn(
        [{"role": "user", "content": "push"}],
        [
            {"type": "text", "text": words},
            {"type": "tool_use", "id": "t1", "name": REFUSED, "input": {"rule": "no pushes", "why": words}},
            {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "ls"}},
        ],
        rules=(
            RuleAction("no pushes", "answer", False, "Bash is denied by Bash(git push *)", "t1"),
            RuleAction("all commands", "mark", False, "Bash is denied by Bash", "t2"),
        ),
    )

    page = Page(session.page())

    assert f"✗ {words}" in page.texts("p", "bad")
    held, marked = page.texts("details", "call")
    assert held.startswith("✗ candela_refused")
    assert page.texts("details", "failed") == [held]
    assert 'Rule "no pushes": Bash is denied by Bash(git push *) · a call that fails took its place' in held
    assert marked.startswith("→ Bash")
    assert 'Rule "all commands": Bash is denied by Bash · noted' in marked


def test_the_clients_notes_to_the_model_are_folded_too() -> None:
    session = Session()
    session.turn([user("hi"), {"role": "system", "content": "# Environment\nlinux"}], [])
    page = Page(session.page())
    assert page.texts("details", "reminder") == ["System # Environment linux# Environment\nlinux"]
    assert page.texts("h4", "") == ["User"]


def test_a_turn_says_what_changed_and_what_it_means_for_the_cache() -> None:
    (changed,) = Page(debugging().page()).texts("details", "changes")
    assert changed.startswith("Changed since the previous request system: 1 changed, messages: 2 new")
    assert "nothing after that is cacheable" in changed
    assert "− You are careful." in changed
    assert "+ You are brave." in changed


def test_the_clients_note_to_the_provider_is_no_change() -> None:
    session = Session()
    asked = user("hi")
    for note, messages in (("a", [asked]), ("b", [asked, said("Hello"), user("Go on")])):
        notes = {"system": [text(f"x-anthropic-billing-header: {note}"), text("You are careful.")]}
        session.turn(messages, [text("Hello")], settings=notes)
    page = Page(session.page())
    assert page.texts("details", "changes") == []
    assert len(page.texts("details", "prompt")) == 2


def test_receipts_have_the_exact_cost_by_part_and_the_sums_agree_to_the_last_digit() -> None:
    session = debugging()
    page = Page(session.page())
    receipts = page.texts("details", "receipt")
    assert len(receipts) == 4
    for words in ("$0.029", "7.2k prompt, 57% cached", "0.2s to first token", "$0.0064", "$0.02048"):
        assert words in receipts[0]
    total = sum((each.cost.total for each in session.exchanges if each.cost), Decimal(0))
    assert f"${total.normalize()}" in page.text


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    session = Session()
    session.turn([user("hi")], [], usage=None, cost=None, outcome=Outcome.ERROR, error=ApiError("x", "Overloaded"))
    lost = session.turn([user("hi")], [])
    session.forget_request(lost)
    page = Page(session.page())
    assert "The answer states no usage." in page.text
    assert "The body was not recorded." in page.text
    assert "✗ x: Overloaded" in page.text
    assert Page(b"".join(REPORTS["html"].pieces(export_of([exchange()])))).texts() == []


def test_failed_tries_are_receipts_of_their_call() -> None:
    session = Session()
    session.turn([user("hi")], [], outcome=Outcome.ERROR, error=ApiError("x", "Overloaded"), status=529, asked="a")
    session.turn([user("hi")], [text("Hello")], retry=1, asked="a")
    page = Page(session.page())
    assert len(page.of("article", "turn")) == 1
    assert [words.split()[0] for words in page.texts("details", "receipt")] == ["Try", "$0.029"]


def test_sub_agents_have_a_place_that_their_call_links_to() -> None:
    session = debugging()
    started = (Delegation("Count", "Explore", "Count files"),)
    session.exchanges[1] = exchange(2, cache_ttls=("5m",), delegations=started)
    page = Page(session.page())
    links = [(link.get("href"), "".join(link.itertext())) for link in page.of("a")]
    targets = {each.get("id") for each in page.elements if each.get("id")}
    assert ("#s1-c1", "Explore: Count files") in links
    assert {href.removeprefix("#") for href, _ in links} <= targets


def test_nothing_leads_out_of_the_page() -> None:
    session = Session()
    session.turn([user("See https://example.com/x and [this](http://evil.example)")], [text("<a href='//evil'>")])
    page = Page(session.page())
    for element in page.elements:
        assert not {"srcset", "action", "formaction", "poster", "background", "style", "srcdoc"} & set(element.attrib)
        assert element.get("href", "#").startswith("#")
        assert "src" not in element.attrib
    assert "url(" not in session.page().decode()
    (policy,) = [each.get("content") for each in page.of("meta") if each.get("http-equiv")]
    assert policy.startswith("default-src 'none'; ")


def test_pictures_are_in_the_page_and_only_pictures() -> None:
    session = Session()
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    script = {"type": "image", "source": {"type": "base64", "media_type": "image/svg+xml", "data": "PHN2Zz4="}}
    broken = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": '" onload="x'}}
    session.turn([user(picture, script, broken)], [])
    page = Page(session.page())
    assert [image.get("src") for image in page.of("img")] == ["data:image/png;base64,iVBORw0KGgo="]
    assert page.text.count("its data is not in this page") == 2


def test_prose_keeps_every_character_of_its_markdown() -> None:
    words = "# A `b`\n**c** d\n\n```py\nx < 1\n```\n| e | f |\n|---|---|\nend ``` ** `\n```\nopen"
    (shown,) = Page(prose(words).encode()).texts()
    assert shown == words
    blocks = Page(prose(words).encode()).of("code", "block")
    assert [block.text for block in blocks] == ["```py\nx < 1\n```\n", "| e | f |\n|---|---|\n", "```\nopen"]


@settings(max_examples=25)
@given(TEXTS, TEXTS, TEXTS)
def test_whatever_a_session_says_is_found_again_as_text_and_never_as_markup(one: str, two: str, three: str) -> None:
    session = Session()
    answer = [{"type": "thinking", "thinking": two}, text(three), call(two, command=one, other={three: [two]})]
    prompt = {"system": [text(two)], "tools": [{"name": three, "description": one, "input_schema": {"x": two}}]}
    session.turn([user(f"x{one}")], answer, settings=prompt, session_title=three, model_used=two)
    history = [user(f"x{one}"), said(*answer), user(result(two, is_error=True), result([text(three), {"type": one}]))]
    failed = ApiError(one, two)
    session.turn(history, [{"type": three, "x": one}], outcome=Outcome.ERROR, error=failed, request_id=three)
    page = Page(session.page())
    tags = {element.tag for element in page.elements if isinstance(element.tag, str)}
    assert tags <= TAGS
    assert len(page.of("script")) == len(page.of("style")) == 1
    assert all(not name.startswith("on") for element in page.elements for name in element.attrib)
    texts = page.texts()
    for words in (one, two, three):
        shown = visible(words.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        assert any(shown.strip() in each for each in texts), shown


_WORDS = st.sampled_from(
    ("type", "text", "content", "name", "input", "source", "data", "role", "id", "tool_use", "image")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _WORDS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.lists(JSON, max_size=3), JSON, JSON)
def test_a_request_or_answer_of_any_form_is_a_page(blocks: list[Any], one: Any, two: Any) -> None:
    session = Session()
    session.turn([{"role": one, "content": blocks}, two], blocks, settings={"system": two, "tools": [one]})
    session.turn([{"role": one, "content": blocks}, said(*blocks), one], [one], settings={"system": one, "tools": two})
    assert session.page().endswith(b"</html>\n")


def test_chat_completions_are_shown_as_the_conversation_that_they_are() -> None:
    session = Session()
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "List it"}]
    function = {"name": "Bash", "arguments": '{"command": "ls"}'}
    calls = [{"id": "t1", "type": "function", "function": function}]
    added = session.turn(asked, [], dialect=Dialect.OPENAI, settings={"model": "claude-opus-4-8"})
    answer = {"choices": [{"message": {"role": "assistant", "content": "Now.", "tool_calls": calls}}]}
    session.answer_with(added, json.dumps(answer).encode())
    more = [
        {"role": "assistant", "content": "Now.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "t1", "content": "a b"},
    ]
    session.turn(asked + more, [], dialect=Dialect.OPENAI)
    texts = Page(session.page()).texts()
    assert [texts.count(words) for words in ("Be brief.", "List it", "Now.", "ls", "a b")] == [1] * 5


def test_control_characters_are_visible() -> None:
    session = Session()
    session.turn([user("a\x1b[2Jb\x00c\u202ed")], [])
    page = session.page()
    assert "a␛[2Jb␀c␦d" in Page(page).texts()
    assert re.search(rb"[\x00-\x08\x0b-\x1f]", page) is None


def test_several_sessions_are_parts_of_one_page() -> None:
    session = Session()
    session.turn([user("one")], [])
    session.turn([user("two")], [], session_id="other")
    page = Page(session.page())
    assert [each.get("id") for each in page.of("section", "session")] == ["s1", "s2"]
    ids = [each.get("id") for each in page.elements if each.get("id")]
    assert len(ids) == len(set(ids))
