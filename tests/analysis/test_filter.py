"""Looking for requests in words."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.filter import Filter, completion, hint, parse, parse_beginning
from candela_tui.analysis.filter_fields import FIELDS, FilterError, Surroundings
from candela_tui.exchange import Difference, Exchange, Marks, Outcome
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from tests.analysis.exchanges import START, cost, exchange

AROUND = Surroundings(START + timedelta(hours=1), {"a1": "Explore", "a2": "agent 2"}, lambda _: "fix the flaky test")
OPUS = exchange(
    1,
    kind=Kind.MESSAGES,
    model="claude-opus-4-8",
    status=200,
    usage=Usage(12, 96_000, 1200, 0, 1214),
    cost=cost("0.05"),
    marks=Marks(1.0, 600.0, 2600.0, 72_000.0),
    tools_called=("Bash", "Edit"),
    stop_reason="tool_use",
    request_id="req_011CVq4",
)
HAIKU = exchange(2, kind=Kind.MESSAGES, model="claude-haiku-4-5", agent_id="a1", status=200, stop_reason="end_turn")
FAILED = exchange(
    3,
    kind=Kind.MESSAGES,
    model="claude-opus-4-8",
    status=529,
    outcome=Outcome.ERROR,
    error=ApiError("overloaded_error", "Overloaded"),
    retry=1,
)
TITLE = exchange(
    55, kind=Kind.TITLE, model="a", model_used="b", agent_id="a2", differences=(Difference("model", "a", "b"),)
)
MAPPED = exchange(
    60,
    model="claude-instant",
    model_sent="global.anthropic.claude-instant-v1",
    provider="bedrock",
    region="eu-west-1",
    route="anthropic-bedrock",
    adaptations=(Adaptation("beta", "token-counting-2024-11-01", "Bedrock does not know it"),),
    session_id="s3",
    agent_id="a1",
    status=404,
)
LIVE = exchange(59, kind=Kind.MESSAGES, outcome=Outcome.LIVE, model="claude-fable-9", session_id="s2")
ALL = (OPUS, HAIKU, FAILED, TITLE, LIVE)


def found(text: str) -> list[Exchange]:
    wanted = parse(text)
    return [one for one in ALL if wanted.matches(one, AROUND)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ALL),
        ("   ", ALL),
        ("OPUS", (OPUS, FAILED)),
        ("explore", (HAIKU,)),
        ("bash", (OPUS,)),
        ("req_011", (OPUS,)),
        ("flaky", ()),
        ("session:flaky", ALL),
        ('session:"fix the flaky"', ALL),
        ("overloaded", (FAILED,)),
        ("opus 529 ", ()),
        ("model:opus", (OPUS, FAILED)),
        ("model:opus status:error", (FAILED,)),
        ("model:opus -status:error", (OPUS,)),
        ("!model:opus", (HAIKU, TITLE, LIVE)),
        ("--model:opus", (OPUS, FAILED)),
        ("haiku or status:529", (HAIKU, FAILED)),
        ("haiku|fable", (HAIKU, LIVE)),
        ("(haiku | opus) -529 status:ok", (OPUS, HAIKU)),
        ("-(haiku or opus)", (TITLE, LIVE)),
        ("status:live", (LIVE,)),
        ("status:5xx", (FAILED,)),
        ("status:cut", ()),
        ("agent:main", (OPUS, FAILED, LIVE)),
        ('agent:"agent 2"', (TITLE,)),
        ("tool:bash tool:edit", (OPUS,)),
        ("kind:title", (TITLE,)),
        ("stop:end", (HAIKU,)),
        ("session:s2", (LIVE,)),
        ("differs:model", (TITLE,)),
        ("cost>=0.05", (OPUS,)),
        ("cost>$0.05", ()),
        ("cost=.05", (OPUS,)),
        ("in>10", (OPUS,)),
        ("read>95k", (OPUS,)),
        ("out>=1.2k", (OPUS,)),
        ("write<1k", ()),
        ("hit>50%", (OPUS,)),
        ("hit<50", ()),
        ("ttft>2s", (OPUS,)),
        ("ttft>2600ms", ()),
        ("took>1m", (OPUS,)),
        ("took<2m", (OPUS, LIVE)),
        ("age<10m", (TITLE, LIVE)),
        ("retry>0", (FAILED,)),
    ],
)
def test_what_is_looked_for_is_found(text: str, expected: tuple[Exchange, ...]) -> None:
    assert found(text) == list(expected)


@pytest.mark.parametrize(
    "text",
    [
        "provider:bedrock",
        "region:eu-west",
        "route:anthropic-bedrock",
        "model:global.anthropic",
        "adapted:beta",
        "adapted:token-counting",
        "-provider:vertex provider:bed",
    ],
)
def test_where_a_request_went_and_what_it_took_is_found(text: str) -> None:
    wanted = parse(text)
    assert wanted.matches(MAPPED, AROUND)
    assert not any(wanted.matches(one, AROUND) for one in ALL)


def test_the_project_is_the_directory_of_the_session() -> None:
    around = replace(AROUND, project=lambda _: str(Path.home() / "work" / "api"))
    assert parse("project:~/work/api").matches(OPUS, around)
    assert parse("project:work/API").matches(OPUS, around)
    assert not parse("project:~/api").matches(OPUS, around)


def test_an_amount_that_is_unknown_is_neither_more_nor_less() -> None:
    assert HAIKU not in found("cost>0 or cost<=0")


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("modle:opus", 0, "did you mean model?"),
        ("opus agnet:x", 5, "did you mean agent?"),
        ("http://x", 0, "quote text"),
        ("model:", 6, "such as model:opus"),
        ("cost>", 5, "such as cost>0.05"),
        ("cost>much", 5, "needs a number"),
        ("cost>5EUR", 6, "not a unit of cost"),
        ("in>5s", 4, "units: k, m, g"),
        ("model>5", 5, "not an amount"),
        ("status:bad", 7, "live"),
        ("status:700", 7, "529"),
        ("kind:nothing", 5, "count_tokens"),
        ('opus "flaky', 5, 'closing "'),
        ("(opus", 0, "no ) for this ("),
        ("opus)", 4, "no ( before this )"),
        ("opus or", 7, "missing"),
        ("| opus", 0, "missing"),
        ("()", 1, "missing"),
        ("opus -", 5, "right after -"),
        ("cost > 5", 5, "right before >"),
        ("(" * 100, 40, "too many parentheses"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError) as told:
        parse(text)
    assert words in told.value.message
    assert told.value.position == position


def test_only_what_depends_on_the_time_says_so() -> None:
    assert parse("opus -age<10m").timed
    assert not parse("opus cost>1").timed


_PIECES = st.sampled_from(
    [
        *FIELDS,
        *(known.example for known in FIELDS.values()),
        "-",
        "!",
        "(",
        ")",
        "|",
        "or",
        '"',
        "\\",
        ":",
        ">",
        " ",
        "opus",
    ]
)
TEXTS = st.text() | st.lists(_PIECES).map("".join) | st.lists(_PIECES).map(" ".join)


def read(text: str) -> Filter | FilterError:
    try:
        return parse(text)
    except FilterError as error:
        return error


@given(TEXTS)
def test_any_text_is_a_filter_or_an_error_with_its_place(text: str) -> None:
    wanted = read(text)
    if isinstance(wanted, FilterError):
        assert 0 <= wanted.position <= len(text)
        assert wanted.message
    else:
        assert all(isinstance(wanted.matches(one, AROUND), bool) for one in ALL)


@given(TEXTS)
def test_what_is_negated_finds_exactly_the_others(text: str) -> None:
    wanted = read(text)
    if isinstance(wanted, FilterError) or not wanted:
        return
    negated = parse(f"-({text})")
    assert all(negated.matches(one, AROUND) is not wanted.matches(one, AROUND) for one in ALL)


KNOWN: dict[str, Any] = {"agent": ["agent 2", "Explore"], "model": ["opus-4-8"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "model: status: agent:"),
        ("opus st", "status: stop:"),
        ("status:e", "status: how it ended"),
        ("opus -cost>0.0", "cost: cost in USD, such as cost>0.05"),
        ("zzz", ""),
        ("zzz:", ""),
    ],
)
def test_what_can_be_asked_for_is_said(text: str, words: str) -> None:
    assert hint(text).startswith(words) if words else hint(text) == ""


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("mo", "model:"),
        ("opus -mo", "opus -model:"),
        ("(co", "(cost>"),
        ("hi", "hit<"),
        ("status:li", "status:live"),
        ("model:OP", "model:opus-4-8"),
        ("agent:ag", 'agent:"agent 2"'),
        ('agent:"ag', 'agent:"agent 2"'),
        ("agent:Explore", None),
        ("nothing:x", None),
        ("zzz", None),
        ("", None),
        ('"mo', None),
    ],
)
def test_what_is_begun_can_be_completed(text: str, completed: str | None) -> None:
    assert completion(text, KNOWN) == completed


def test_what_the_client_states_of_a_request_is_found():
    hinted = exchange(7, request_class="auxiliary", agent_type="Explore", prompt_id="b5411a6f-ece6")
    for text in ("class:auxiliary", "type:explore", "turn:b5411a6f"):
        assert parse(text).matches(hinted, AROUND)
        assert not parse(text).matches(OPUS, AROUND)
    assert parse("type:Explore").matches(HAIKU, AROUND)


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("cost>", ""),
        ("opus cost>", "opus "),
        ("opus\tcost>", "opus\t"),
        ("opus modle:x flaky", "opus "),
        ("(model:opus or cost>", ""),
        ("opus or", "opus "),
        ("opus|", "opus"),
        ("opus -", "opus "),
        ('opus error:"too lo', "opus "),
        ("opus ) flaky", "opus "),
        ("opus cost>1", "opus cost>1"),
    ],
)
def test_the_beginning_of_a_text_is_as_much_of_it_as_is_a_filter(text: str, beginning: str) -> None:
    assert parse_beginning(text).text == beginning


@given(st.text() | st.text(alphabet='()|-!:<>=" aorcost1', max_size=60))
def test_every_text_has_a_beginning_that_is_a_filter(text: str) -> None:
    beginning = parse_beginning(text).text
    assert text.startswith(beginning)
    assert isinstance(read(text), FilterError) or beginning == text
