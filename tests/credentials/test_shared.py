import asyncio
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.credentials.cached import SPARE_S, TRY_AGAIN_S, Lease, SameAgain, Shared
from candela_tui.credentials.errors import CredentialsError

AHEAD_S = 300.0
HOUR_S = 3600.0


class Source:
    """Gives values when it is told to, and holds the clock."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.asked: deque[asyncio.Future[Lease[str]]] = deque()
        self.times_asked = 0
        self.shared = Shared(self._fetch, ahead_s=AHEAD_S, now=lambda: self.now)

    async def _fetch(self) -> Lease[str]:
        assert not self.asked, "two fetches at a time"
        self.times_asked += 1
        self.asked.append(asyncio.get_running_loop().create_future())
        try:
            return await self.asked[0]
        finally:
            self.asked.popleft()

    async def gives(self, value: str, lasts_s: float | None = HOUR_S) -> None:
        await settled()
        self.asked[0].set_result(Lease(value, None if lasts_s is None else self.now + lasts_s))
        await settled()

    async def fails(self, words: str = "offline") -> None:
        await settled()
        self.asked[0].set_exception(CredentialsError(words))
        await settled()

    async def has(self, value: str, lasts_s: float | None = HOUR_S) -> None:
        asking = asyncio.create_task(self.shared.get())
        await self.gives(value, lasts_s)
        assert await asking == value


async def settled() -> None:
    """Whatever can run has run."""
    for _ in range(10):
        await asyncio.sleep(0)


def at_once(asking: Any) -> str:
    """What the coroutine returns without waiting for anything."""
    try:
        asking.send(None)
    except StopIteration as returned:
        return str(returned.value)
    asking.close()
    raise AssertionError("it waits")


async def test_a_value_that_has_time_is_given_at_once() -> None:
    source = Source()
    await source.has("one")
    source.now += HOUR_S - AHEAD_S - 1
    assert at_once(source.shared.get()) == "one"
    assert source.times_asked == 1


async def test_many_requests_that_wait_cause_one_fetch() -> None:
    source = Source()
    asking = [asyncio.create_task(source.shared.get()) for _ in range(50)]
    await source.gives("one")
    assert set(await asyncio.gather(*asking)) == {"one"}
    assert source.times_asked == 1


async def test_near_its_end_a_value_is_still_given_at_once_while_the_next_is_fetched() -> None:
    source = Source()
    await source.has("one")
    source.now += HOUR_S - AHEAD_S
    assert [at_once(source.shared.get()) for _ in range(5)] == ["one"] * 5
    await source.gives("two")
    assert at_once(source.shared.get()) == "two"
    assert source.times_asked == 2


async def test_a_short_lived_value_is_not_fetched_again_for_every_request() -> None:
    source = Source()
    await source.has("one", 200)
    source.now += 149
    at_once(source.shared.get())
    await settled()
    assert source.times_asked == 1
    source.now += 1
    at_once(source.shared.get())
    await settled()
    assert source.times_asked == 2
    await source.shared.close()


async def test_a_fetch_ahead_that_fails_loses_nothing_and_is_tried_again_later() -> None:
    source = Source()
    await source.has("one")
    source.now += HOUR_S - AHEAD_S
    at_once(source.shared.get())
    await source.fails()
    assert at_once(source.shared.get()) == "one"
    await settled()
    assert source.times_asked == 2
    source.now += TRY_AGAIN_S
    assert at_once(source.shared.get()) == "one"
    await source.gives("two")
    assert at_once(source.shared.get()) == "two"


async def test_a_source_that_keeps_its_value_until_the_end_is_not_asked_with_every_request() -> None:
    source = Source()
    await source.has("one")
    source.now += HOUR_S - AHEAD_S
    at_once(source.shared.get())
    await source.gives("one", AHEAD_S)
    for _ in range(5):
        assert at_once(source.shared.get()) == "one"
    await settled()
    assert source.times_asked == 2


async def test_a_value_that_ended_is_not_given_any_more_and_the_reason_is_told() -> None:
    source = Source()
    await source.has("one")
    source.now += HOUR_S - SPARE_S
    asking = asyncio.create_task(source.shared.get())
    await source.fails("the token endpoint is down")
    with pytest.raises(CredentialsError, match="the token endpoint is down"):
        await asking


async def test_a_failure_is_not_kept_and_the_next_request_tries_again() -> None:
    source = Source()
    asking = asyncio.create_task(source.shared.get())
    await source.fails()
    with pytest.raises(CredentialsError):
        await asking
    await source.has("one")


async def test_a_value_without_an_end_is_never_fetched_again() -> None:
    source = Source()
    await source.has("one", None)
    source.now += 10 * 365 * 86400
    assert at_once(source.shared.get()) == "one"
    await settled()
    assert source.times_asked == 1


async def test_one_fetch_serves_all_that_were_refused_with_the_same_value() -> None:
    source = Source()
    await source.has("one")
    refused = [asyncio.create_task(source.shared.renewed("one")) for _ in range(20)]
    await source.gives("two")
    assert set(await asyncio.gather(*refused)) == {"two"}
    assert at_once(source.shared.renewed("one")) == "two"
    assert source.times_asked == 2


async def test_the_refused_value_never_comes_back_as_a_renewed_one() -> None:
    source = Source()
    await source.has("one", None)
    refused = asyncio.create_task(source.shared.renewed("one"))
    await source.gives("one", None)
    with pytest.raises(SameAgain):
        await refused


async def test_a_request_that_gives_up_waiting_does_not_end_the_fetch_for_the_others() -> None:
    source = Source()
    first, second = (asyncio.create_task(source.shared.get()) for _ in range(2))
    await settled()
    first.cancel()
    await settled()
    assert first.cancelled()
    await source.gives("one")
    assert await second == "one"
    assert source.times_asked == 1


async def test_closing_ends_what_is_under_way_and_tells_those_who_wait() -> None:
    source = Source()
    asking = asyncio.create_task(source.shared.get())
    await settled()
    await source.shared.close()
    with pytest.raises(CredentialsError, match="leaving"):
        await asking
    with pytest.raises(CredentialsError, match="leaving"):
        await source.shared.get()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "credentials"]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("pass"), st.floats(0, 2 * HOUR_S)),
            st.tuples(st.just("ask"), st.integers(1, 4)),
            st.tuples(st.just("refuse"), st.integers(1, 4)),
            st.tuples(st.just("give"), st.floats(1, 2 * HOUR_S)),
            st.tuples(st.just("same"), st.floats(1, 2 * HOUR_S)),
            st.tuples(st.just("fail"), st.just(0)),
            st.tuples(st.just("cancel"), st.integers(0, 9)),
        ),
        max_size=40,
    )
)
def test_whatever_happens_no_request_waits_beside_a_valid_value_or_gets_a_refused_one(
    steps: list[tuple[str, Any]],
) -> None:
    asyncio.run(_played(steps))


async def _played(steps: list[tuple[str, Any]]) -> None:
    source = Source()
    newest: tuple[str, float] | None = None
    asking: list[tuple[asyncio.Task[str], str | None]] = []
    for step, amount in steps:
        if step == "pass":
            source.now += amount
        elif step == "ask":
            for _ in range(amount):
                if newest is not None and source.now < newest[1] - SPARE_S:
                    assert at_once(source.shared.get()) == newest[0]
                else:
                    asking.append((asyncio.create_task(source.shared.get()), None))
        elif step == "refuse" and newest is not None:
            asking += [(asyncio.create_task(source.shared.renewed(newest[0])), newest[0]) for _ in range(amount)]
        elif step in ("give", "same") and source.asked:
            value = newest[0] if step == "same" and newest is not None else f"value {source.times_asked}"
            newest = (value, source.now + amount)
            await source.gives(value, amount)
        elif step == "fail" and source.asked:
            await source.fails()
        elif step == "cancel" and asking:
            asking[amount % len(asking)][0].cancel()
        await settled()
    if source.asked:
        await source.gives("last")
    for request, refused in asking:
        assert request.done()
        if not request.cancelled() and request.exception() is None:
            assert request.result() != refused
    await source.shared.close()
