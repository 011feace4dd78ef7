"""The feed between the proxy and whoever watches it."""

import math
import threading
from dataclasses import replace
from datetime import UTC, datetime

from candela_tui.exchange import Exchange, Outcome, Recording
from candela_tui.feed import Feed, Notice
from tests.analysis.exchanges import exchange


def live(number: int, **known: object) -> Exchange:
    return exchange(number, outcome=Outcome.LIVE, **known)


class Wakes:
    """Counts how often a follower was woken."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def test_a_follower_gets_the_newest_snapshot_of_each_exchange_that_changed():
    feed = Feed()
    follower = feed.follow(Wakes())
    first, second = live(1), live(2)
    newer = replace(first, response_bytes=10)
    feed.publish((first, second))
    feed.publish((newer,))
    news = follower.drain()
    assert news.exchanges == (second, newer)
    assert not news.missed
    assert follower.drain().exchanges == ()


def test_a_follower_is_woken_once_until_it_drains():
    feed, wake = Feed(), Wakes()
    follower = feed.follow(wake)
    for number in range(5):
        feed.publish((live(number),))
    feed.notify("hm")
    assert wake.count == 1
    follower.drain()
    assert wake.count == 1
    feed.publish((live(9),))
    assert wake.count == 2


def test_a_late_follower_gets_what_ended_until_the_store_knows_of_the_end():
    feed = Feed()
    for number in (1, 2):
        feed.keep(f"{number:05}", Recording(b"{}"))
        feed.publish((live(number),))
        feed.publish((exchange(number),))
    feed.release("00001")
    assert [(known.id, known.live) for known in feed.follow(Wakes()).drain().exchanges] == [("00002", False)]


def test_a_late_follower_first_gets_what_is_live_and_the_latest_notices():
    feed = Feed()
    feed.publish((live(1), live(2), exchange(3)))
    feed.publish((exchange(2),))
    feed.notify("the store is full")
    wake = Wakes()
    news = feed.follow(wake).drain()
    assert [known.id for known in news.exchanges] == ["00001"]
    assert [notice.text for notice in news.notices] == ["the store is full"]
    assert wake.count == 1


def test_a_follower_is_not_woken_where_there_is_nothing():
    wake = Wakes()
    Feed().follow(wake)
    assert wake.count == 0


def test_followers_drain_each_at_their_own_pace():
    feed = Feed()
    slow, fast = feed.follow(Wakes()), feed.follow(Wakes())
    feed.publish((live(1),))
    assert len(fast.drain().exchanges) == 1
    feed.publish((live(2),))
    assert len(fast.drain().exchanges) == 1
    assert len(slow.drain().exchanges) == 2


def test_after_unfollowing_there_is_no_more_news():
    feed, wake = Feed(), Wakes()
    follower = feed.follow(wake)
    feed.unfollow(follower)
    feed.publish((live(1),))
    assert (follower.drain().exchanges, wake.count) == ((), 0)


def test_a_follower_that_stops_draining_holds_a_bounded_number_and_says_that_it_missed_some():
    feed = Feed()
    follower = feed.follow(Wakes())
    for number in range(6000):
        feed.publish((exchange(number),))
        feed.notify(f"notice {number}")
    news = follower.drain()
    assert [known.id for known in news.exchanges] == [f"{number:05}" for number in range(1000, 6000)]
    assert [notice.text for notice in news.notices] == [f"notice {number}" for number in range(5900, 6000)]
    assert news.missed
    assert not follower.drain().missed


def test_a_notice_that_repeats_the_latest_is_left_out():
    feed = Feed()
    follower = feed.follow(Wakes())
    for text in ("disk full", "disk full", "locked", "disk full"):
        feed.notify(text)
    assert [notice.text for notice in follower.drain().notices] == ["disk full", "locked", "disk full"]


def test_one_follower_whose_wake_fails_costs_the_others_nothing():
    feed, wake = Feed(), Wakes()

    def closed_loop() -> None:
        raise RuntimeError("Event loop is closed")

    feed.follow(closed_loop)
    follower = feed.follow(wake)
    feed.publish((live(1),))
    feed.notify("hm")
    news = follower.drain()
    assert (len(news.exchanges), len(news.notices), wake.count) == (1, 1, 1)


def test_the_number_of_live_exchanges_is_known():
    feed = Feed()
    feed.publish((live(1), live(2)))
    feed.publish((exchange(1),))
    assert feed.live_count() == 1


def test_it_is_quiet_since_the_last_live_exchange_ended():
    feed = Feed()
    assert feed.quiet_s() == math.inf
    feed.publish((live(1),))
    assert feed.quiet_s() == 0
    feed.publish((exchange(1),))
    assert 0 <= feed.quiet_s() < math.inf


def test_bodies_are_held_until_they_are_released():
    feed, recording = Feed(), Recording(b"request")
    assert feed.recording("1") is None
    feed.keep("1", recording)
    recording.add(b"chunk", 1.5)
    held = feed.recording("1")
    assert held is not None
    assert (held.chunks, held.times) == ([b"chunk"], [1.5])
    feed.release("1")
    feed.release("1")
    assert feed.recording("1") is None


def test_news_published_by_many_threads_all_arrives():
    feed = Feed()
    woken = threading.Event()
    follower = feed.follow(woken.set)
    start = threading.Barrier(9)

    def publish(thread: int) -> None:
        start.wait()
        for number in range(200):
            feed.publish((live(thread * 1000 + number),))
            feed.publish((exchange(thread * 1000 + number),))

    threads = [threading.Thread(target=publish, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    start.wait()
    last: dict[str, Exchange] = {}
    while any(thread.is_alive() for thread in threads) or woken.is_set():
        if woken.wait(0.05):
            woken.clear()
            last.update((known.id, known) for known in follower.drain().exchanges)
    for thread in threads:
        thread.join()
    last.update((known.id, known) for known in follower.drain().exchanges)
    assert len(last) == 8 * 200
    assert not any(known.live for known in last.values())
    assert feed.live_count() == 0


def test_a_follower_that_begins_in_between_sees_the_end_of_everything_it_saw_live():
    for _ in range(100):
        feed = Feed()
        feed.publish((live(1),))
        ended = threading.Thread(target=feed.publish, args=((exchange(1),),))
        ended.start()
        follower = feed.follow(Wakes())
        ended.join()
        known = follower.drain().exchanges
        assert not known or not known[-1].live


def test_what_the_store_does_not_have_yet_is_at_hand_until_it_is_released():
    feed = Feed()
    feed.keep("00001", Recording(b"{}"))
    feed.publish((live(1), live(2)))
    assert feed.snapshot("00001") == live(1)
    feed.publish((exchange(1), exchange(2)))
    assert feed.newer_than_store() == [exchange(1)]
    assert feed.snapshot("00002") is None
    feed.release("00001")
    assert feed.newer_than_store() == []
    assert feed.snapshot("00001") is None


def test_that_something_was_missed_wakes_the_followers():
    feed, wake = Feed(), Wakes()
    follower = feed.follow(wake)
    feed.tell_missed()
    assert wake.count == 1
    assert follower.drain().missed


def test_a_notice_that_was_told_elsewhere_keeps_its_time():
    feed = Feed()
    follower = feed.follow(Wakes())
    told = Notice("the store is full", datetime(2026, 11, 21, 12, tzinfo=UTC))
    feed.pass_on(told)
    assert follower.drain().notices == (told,)


def test_what_was_worked_out_later_is_news_of_its_own_and_the_newest_counts() -> None:
    feed, wake = Feed(), Wakes()
    follower = feed.follow(wake)
    feed.publish((exchange(1),))
    first, second = replace(exchange(1), retry=1), replace(exchange(1), retry=2)
    feed.tell_completed([first])
    feed.tell_completed([second])
    assert wake.count == 1
    news = follower.drain()
    assert (news.exchanges, news.completed) == ((exchange(1),), (second,))
    assert follower.drain().completed == ()


def test_what_was_worked_out_of_a_removed_exchange_is_no_news() -> None:
    feed = Feed()
    follower = feed.follow(Wakes())
    feed.tell_completed([exchange(1), exchange(2)])
    feed.tell_removed([exchange(1).id])
    assert follower.drain().completed == (exchange(2),)
