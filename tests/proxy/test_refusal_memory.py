"""What models refused, as it is remembered."""

from datetime import UTC, datetime, timedelta

import pytest

from candela_tui.protocol.clouds.refusals import RefusedParts
from candela_tui.providers.identity import Provider
from candela_tui.providers.refusal_memory import RefusalMemory, Refusals

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SPEED = RefusedParts(fields=frozenset({"speed"}))
UNNAMED = RefusedParts(unnamed=True)


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def refusals(time: Time) -> Refusals:
    return Refusals(time)


@pytest.fixture
def memory(refusals: Refusals) -> RefusalMemory:
    return refusals.memory(Provider.BEDROCK, counts=False)


def test_what_a_model_refused_adds_up_and_is_its_own(memory: RefusalMemory) -> None:
    memory.add("opus", RefusedParts(betas=frozenset({"a"})), "no a")
    memory.add("opus", RefusedParts(fields=frozenset({"b"})), "no b")
    assert memory.of("opus") == RefusedParts(betas=frozenset({"a"}), fields=frozenset({"b"}))
    assert not memory.of("haiku")


def test_it_ends_after_an_hour_and_a_new_refusal_begins_another(memory: RefusalMemory, time: Time) -> None:
    assert memory.add("opus", SPEED, "no speed") == NOW + timedelta(hours=1)
    time.now += timedelta(minutes=59)
    assert memory.of("opus") == SPEED
    time.now += timedelta(minutes=1)
    assert not memory.of("opus")
    memory.add("opus", SPEED, "no speed")
    time.now += timedelta(minutes=59)
    assert memory.of("opus") == SPEED


def test_the_search_for_an_unnamed_flag_ends_after_an_hour_too(memory: RefusalMemory, time: Time) -> None:
    memory.add("opus", UNNAMED, "invalid beta flag", ["a", "b"])
    assert memory.of("opus", ["a", "b"]).suspects
    time.now += timedelta(hours=1)
    assert not memory.of("opus", ["a", "b"])


def test_an_unnamed_flag_costs_the_suspects_alone_until_it_is_found(memory: RefusalMemory) -> None:
    memory.accepted("opus", ("a", "b"))
    both = memory.to_leave_out("opus", ["a", "b", "c", "d"], UNNAMED)
    assert both.suspects == {"c", "d"}
    memory.add("opus", UNNAMED, "invalid beta flag", ["a", "b", "c", "d"])
    assert memory.of("opus", ["a", "b", "c", "d"]).suspects == {"d"}
    memory.accepted("opus", ("a", "b", "c"))
    assert memory.of("opus", ["a", "b", "c", "d"]) == RefusedParts(betas=frozenset({"d"}))
    (found,) = memory.remembered()
    assert (found.name, found.said, found.certain) == ("d", "invalid beta flag", True)


def test_it_says_until_when_and_what_forgets_it(memory: RefusalMemory) -> None:
    until = memory.add("us.anthropic.claude-opus-4-8", SPEED, "no speed").astimezone()
    said = memory.of("us.anthropic.claude-opus-4-8").and_until("speed")
    command = "candela providers --forget us.anthropic.claude-opus-4-8"
    assert said == f"; remembered until {until:%H:%M}, `{command}` forgets it"


def test_it_is_listed_with_where_it_was_refused(refusals: Refusals, memory: RefusalMemory) -> None:
    memory.add("opus", SPEED, "no speed")
    memory.add("opus", UNNAMED, "invalid beta flag", ["a", "b"])
    refusals.memory(Provider.VERTEX, counts=True).add("haiku", RefusedParts(all_betas=True), "no flags")
    assert [
        (each.provider, each.model, each.counts, each.what, each.name, each.said, each.certain)
        for each in refusals.remembered()
    ] == [
        ("bedrock", "opus", False, "field", "speed", "no speed", True),
        ("bedrock", "opus", False, "beta", "a", "invalid beta flag", False),
        ("bedrock", "opus", False, "beta", "b", "invalid beta flag", False),
        ("vertex", "haiku", True, "field", "anthropic_beta", "no flags", True),
    ]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("claude-opus-4-8", ["us.anthropic.claude-haiku-4-5-20251001-v1:0"]),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", ["us.anthropic.claude-opus-4-8"]),
        (None, []),
        ("claude-opus-5", ["us.anthropic.claude-opus-4-8", "us.anthropic.claude-haiku-4-5-20251001-v1:0"]),
    ],
)
def test_one_model_is_forgotten_by_either_name_or_all_are(
    refusals: Refusals, memory: RefusalMemory, name: str | None, kept: list[str]
) -> None:
    models = ["us.anthropic.claude-opus-4-8", "us.anthropic.claude-haiku-4-5-20251001-v1:0"]
    for model in models:
        memory.add(model, SPEED, "no speed")
    assert refusals.forget(name) == 2 - len(kept)
    assert [each.model for each in refusals.remembered()] == kept


def test_a_client_that_sends_whatever_it_likes_does_not_fill_it(memory: RefusalMemory) -> None:
    for number in range(1000):
        memory.add("opus", RefusedParts(fields=frozenset({f"made_up_{number}"})), "no")
        memory.add(f"model-{number}", RefusedParts(all_betas=True), "no")
        memory.accepted("haiku", (f"flag-{number}",))
    assert "made_up_999" in memory.of("opus").fields
    assert len(memory.of("opus").fields) <= 100
    assert memory.of("model-999")
    assert not memory.of("model-0")
