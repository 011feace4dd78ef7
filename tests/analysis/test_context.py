"""What the context gauge shows."""

import pytest

from candela_tui.analysis.context import ContextFill, context_fill
from candela_tui.config import PricingSettings
from candela_tui.exchange import Outcome
from candela_tui.pricing import Pricer
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from tests.analysis.exchanges import exchange


@pytest.fixture(autouse=True, scope="module")
def price_data():
    Pricer(PricingSettings()).warm()


def turn(number, tokens, **facts):
    return exchange(number, usage=Usage(2, tokens - 12, 0, 0, 10), **{"model": "claude-sonnet-4-5", **facts})


def test_the_context_is_the_prompt_and_answer_of_the_last_request_whose_usage_is_known():
    fill = context_fill([turn(1, 40_000), turn(2, 50_000), exchange(3)])
    assert fill == ContextFill(50_000, 200_000, 10_000)


def test_growth_is_a_mean_over_the_latest_turns():
    sizes = (1_000, 90_000, 91_000, 92_000, 93_000, 94_000, 95_500)
    assert context_fill([turn(n, size) for n, size in enumerate(sizes)]) == ContextFill(95_500, 200_000, 1100)


def test_growth_begins_anew_where_the_conversation_was_compacted():
    fill = context_fill([turn(n, size) for n, size in enumerate((150_000, 160_000, 20_000, 24_000))])
    assert fill is not None
    assert fill.growth == 4_000


def test_one_turn_is_no_growth():
    fill = context_fill([turn(1, 40_000)])
    assert fill is not None
    assert fill.growth is None


@pytest.mark.parametrize(
    "facts",
    [
        {"model": "claude-sonnet-4-5[1m]"},
        {"clues": SessionClues(model="claude-sonnet-4-5-20250929[1m]")},
        {"betas": ("claude-code-20250219", "context-1m-2025-08-07")},
        {"betas": ("context-1m-2025-08-07",), "clues": SessionClues(model="claude-sonnet-4-5-20250929")},
    ],
)
def test_the_window_is_a_million_where_the_client_asks_for_it(facts):
    fill = context_fill([turn(1, 40_000, **facts)])
    assert fill is not None
    assert fill.window == 1_000_000


NEWEST, OLD = "claude-cli/2.1.332", "claude-cli/2.1.197"


@pytest.mark.parametrize(
    ("client", "model", "window"),
    [
        # The provider takes a million tokens of each of these.
        (NEWEST, "claude-sonnet-4-6", 200_000),
        (NEWEST, "claude-opus-4-6", 200_000),
        (NEWEST, "claude-opus-4-8", 1_000_000),
        (OLD, "claude-opus-4-8", 200_000),
        (OLD, "claude-fable-5", 200_000),
        (NEWEST, "my-own-model", 1_000_000),
        (OLD, "my-own-model", 200_000),
        ("curl/8.5.0", "claude-sonnet-4-6", 1_000_000),
        (None, "claude-sonnet-4-6", 1_000_000),
    ],
)
def test_the_window_is_the_clients_own_where_claude_code_asks(client, model, window):
    fill = context_fill([turn(1, 40_000, model=model, client=client)])
    assert fill is not None
    assert fill.window == window


@pytest.mark.parametrize("client", [NEWEST, OLD])
@pytest.mark.parametrize(
    "facts",
    [
        {"model": "claude-sonnet-4-6[1m]"},
        {"clues": SessionClues(model="claude-sonnet-4-6[1m]")},
    ],
)
def test_claude_code_has_a_million_where_it_asks_for_it(client, facts):
    fill = context_fill([turn(1, 40_000, **{"model": "claude-sonnet-4-6", "client": client, **facts})])
    assert fill is not None
    assert fill.window == 1_000_000


def test_the_window_is_of_the_model_that_was_asked_for_whatever_answered():
    fill = context_fill([turn(1, 40_000, model="claude-opus-4-6", model_used="claude-opus-5-5", client=NEWEST)])
    assert fill is not None
    assert fill.window == 200_000


def test_what_the_session_says_last_of_a_models_name_holds():
    named = [
        turn(n, 40_000, clues=SessionClues(model=f"claude-sonnet-4-5{mark}")) for n, mark in enumerate(("[1m]", ""))
    ]
    fill = context_fill(named)
    assert fill is not None
    assert fill.window == 200_000


def test_a_request_that_no_longer_asks_for_a_million_has_the_usual_window():
    asked, no_longer = turn(1, 40_000, betas=("context-1m-2025-08-07",)), turn(2, 41_000, betas=())
    fill = context_fill([asked, no_longer])
    assert fill is not None
    assert fill.window == 200_000


def test_the_window_of_another_model_does_not_count():
    fill = context_fill([turn(1, 40_000, clues=SessionClues(model="claude-opus-4-8[1m]"))])
    assert fill is not None
    assert fill.window == 200_000


def test_a_window_is_never_smaller_than_what_is_in_it():
    more, most = context_fill([turn(1, 300_000)]), context_fill([turn(1, 3_000_000)])
    assert more == ContextFill(300_000, 1_000_000)
    assert most == ContextFill(3_000_000, None)


def test_of_a_model_that_nobody_knows_no_window_is_told():
    assert context_fill([turn(1, 40_000, model="gpt-unheard-of")]) == ContextFill(40_000)
    assert context_fill([turn(1, 40_000, model=None)]) == ContextFill(40_000)


def test_without_any_usage_there_is_no_gauge():
    assert context_fill([exchange(1), exchange(2, usage=Usage(output_tokens=5))]) is None


def test_after_a_compaction_it_is_not_known_until_the_next_turn():
    compaction = turn(2, 32_000, kind=Kind.COMPACTION)
    assert context_fill([turn(1, 32_000), compaction]) is None
    after = context_fill([turn(1, 32_000), compaction, turn(3, 2_600)])
    assert after is not None
    assert after.tokens == 2_600


def test_a_compaction_that_failed_changes_nothing():
    failed = turn(2, 32_000, kind=Kind.COMPACTION, outcome=Outcome.CUT)
    assert context_fill([turn(1, 32_000), failed]) is not None
    live = exchange(2, kind=Kind.COMPACTION, outcome=Outcome.LIVE)
    assert context_fill([turn(1, 32_000), live]) is not None
