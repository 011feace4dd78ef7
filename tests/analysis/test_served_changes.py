"""What is served otherwise is told once for each change, and never for what the user changed himself."""

from dataclasses import replace
from datetime import UTC
from typing import Any

from candela_tui.analysis.served import Asked, differences, service_asked
from candela_tui.analysis.served_changes import (
    ServedChange,
    ServedWatch,
    change_words,
    changes_since_before,
    served_changes,
    short_words,
)
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ledger.sessions import summarize
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from candela_tui.proxy.capture.served_notices import ServedNotices
from candela_tui.text.times import Clock
from tests.analysis.exchanges import exchange

OPUS, SONNET = "claude-opus-5", "claude-sonnet-5"
CLOCK = Clock(zone=UTC)


def answered(number: int, asked: str = OPUS, served: str | None = None, **known: Any) -> Exchange:
    """An answer as capture records it, by the model that was asked for unless another is said."""
    used = known.pop("usage", Usage(input_tokens=1, output_tokens=1))
    asks = Asked(
        asked,
        known.pop("speed", None),
        known.pop("tier", None),
        known.pop("geography", None),
        known.get("cache_ttls", ()),
    )
    served = served or asked
    found = differences(asks, used, served)
    facts = {"kind": Kind.MESSAGES, "model": asked, "model_used": served, "usage": used, "differences": found, **known}
    facts["service_asked"] = service_asked(asks)
    return exchange(number, **facts)


def written(number: int, life: str, asked: str = "1h", **known: Any) -> Exchange:
    """An answer that wrote the cache for this long."""
    usage = Usage(cache_write_5m_tokens=9 * (life == "5m"), cache_write_1h_tokens=9 * (life == "1h"))
    return answered(number, usage=usage, cache_ttls=(asked,), **known)


def told(*exchanges: Exchange) -> list[str]:
    return [change_words(change, CLOCK) for change in served_changes(exchanges)]


def standing(*exchanges: Exchange) -> list[ServedChange]:
    return list(summarize("s1", exchanges).served_otherwise)


def test_a_cache_that_lives_shorter_is_told_once() -> None:
    day = [written(1, "1h"), written(2, "1h"), written(302, "5m"), written(303, "5m")]
    assert told(*day) == ["since 14:02 cache writes are 5m, before 1h; requested 1h"]
    (change,) = standing(*day)
    assert short_words(change) == "≠ cache 5m"


def test_a_client_that_asks_for_a_shorter_life_by_itself_is_told_too() -> None:
    assert told(written(1, "1h"), written(302, "5m", asked="5m")) == [
        "since 14:02 cache writes are 5m, before 1h; the client requests 5m"
    ]


def test_another_model_than_requested_is_told_from_the_first_request_on_and_once() -> None:
    told_of = told(answered(1, served=SONNET), answered(2, served=SONNET), answered(3, served=SONNET))
    assert told_of == ["since 09:01 the answers are by claude-sonnet-5; requested claude-opus-5"]


def test_when_all_is_as_requested_again_that_is_told_and_nothing_stands() -> None:
    day = [answered(1), answered(2, served=SONNET), answered(3)]
    assert told(*day) == [
        "since 09:02 the answers are by claude-sonnet-5, before claude-opus-5; requested claude-opus-5",
        "since 09:03 the answers are by claude-opus-5, before claude-sonnet-5",
    ]
    assert standing(*day) == []
    assert len(standing(*day[:2])) == 1


def test_a_tier_or_a_place_that_the_user_chooses_is_no_news() -> None:
    def served(tier: str, place: str) -> Usage:
        return Usage(input_tokens=1, output_tokens=1, service_tier=tier, inference_geo=place)

    before = answered(1, usage=served("priority", "global"))
    assert told(before, answered(2, tier="standard_only", geography="us", usage=served("standard", "us"))) == []
    # The user left it to the provider both times.
    assert told(before, answered(2, usage=served("standard", "global"))) == [
        "since 09:02 requests are served at tier standard, before priority"
    ]


def test_a_model_or_speed_that_the_user_chooses_is_no_news() -> None:
    fast = Usage(input_tokens=1, speed="fast")
    usual = Usage(input_tokens=1, speed="standard")
    assert not told(answered(1), answered(2, asked=SONNET), answered(3))
    assert not told(answered(1, usage=usual), answered(2, usage=fast, speed="fast"), answered(3, usage=usual))


def test_fast_mode_that_is_served_at_standard_speed_is_told() -> None:
    day = [
        answered(1, usage=Usage(input_tokens=1, speed="fast"), speed="fast"),
        answered(2, usage=Usage(input_tokens=1, speed="standard"), speed="fast"),
    ]
    assert told(*day) == ["since 09:02 requests are served at speed standard, before fast; requested fast"]


def test_a_tier_or_a_place_that_changes_is_told() -> None:
    usage = Usage(input_tokens=1, service_tier="priority", inference_geo="us")
    day = [
        answered(1, usage=usage),
        answered(2, usage=replace(usage, service_tier="standard")),
        answered(3, usage=replace(usage, service_tier="standard", inference_geo="global")),
    ]
    assert told(*day) == [
        "since 09:02 requests are served at tier standard, before priority",
        "since 09:03 requests are served in global, before us",
    ]


def test_each_agent_is_compared_with_itself() -> None:
    assert not told(written(1, "1h"), written(2, "5m", asked="5m", agent_id="a1"), written(3, "1h"))


def test_marks_of_two_lifetimes_failed_requests_and_side_requests_say_nothing() -> None:
    both = answered(2, usage=Usage(cache_write_5m_tokens=9, cache_write_1h_tokens=0), cache_ttls=("5m", "1h"))
    failed = written(3, "5m", outcome=Outcome.CUT)
    title = written(4, "5m", kind=Kind.TITLE)
    assert not told(written(1, "1h"), both, failed, title)


def test_a_snapshot_of_the_same_model_is_the_same() -> None:
    assert not told(answered(1), answered(2, served=f"{OPUS}-20260901"))


def test_a_request_says_what_changed_with_it_and_only_that() -> None:
    day = [answered(1, served=SONNET), answered(2, served=SONNET), answered(3)]
    assert not changes_since_before(day, day[0])
    assert not changes_since_before(day, day[1])
    assert [change.served for change in changes_since_before(day, day[2])] == [OPUS]


def test_a_copy_goes_on_by_itself() -> None:
    watch = ServedWatch()
    watch.add(written(1, "1h"))
    other = watch.copy()
    assert watch.add(written(2, "5m"))
    assert not other.standing
    assert other.add(written(2, "5m"))


def test_a_live_candela_tells_of_a_change_once_for_each_session() -> None:
    notices = ServedNotices(CLOCK)
    assert not notices.of(written(1, "1h"))
    assert notices.of(written(302, "5m")) == [
        "Since 14:02 cache writes are 5m, before 1h; requested 1h (opus-5, session s1)"
    ]
    assert not notices.of(written(303, "5m"))
    assert notices.of(answered(305, served=SONNET, session_id="s3"))
    assert not notices.of(written(306, "5m", session_id=None))
