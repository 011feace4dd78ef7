"""When the cache clock says that a session's cache goes cold."""

from datetime import timedelta

import pytest

from candela_tui.analysis.cache import cache_life
from candela_tui.exchange import Marks
from candela_tui.protocol.usage import Usage
from tests.analysis.exchanges import START, exchange

READ = Usage(12, 900, 0, 0, 5)


@pytest.mark.parametrize(
    ("asked", "usage", "ttl"),
    [
        (("5m",), READ, "5m"),
        (("1h",), READ, "1h"),
        ((), READ, "5m"),
        ((), Usage(12, 0, 0, 900, 5), "1h"),
        # What was served counts, not what was asked.
        (("1h",), Usage(12, 0, 900, 0, 5), "5m"),
        # The system prompt for an hour, the conversation for five minutes.
        (("5m", "1h"), Usage(12, 0, 0, 900, 5), "5m"),
        ((), Usage(12, 0, 10, 900, 5), "5m"),
        # A write whose lifetime the answer does not tell.
        (("1h",), Usage(12, 0, 900, None, 5), "1h"),
    ],
)
def test_the_cache_lives_by_the_shortest_lifetime_in_use(asked, usage, ttl):
    life = cache_life([exchange(0, cache_ttls=asked, usage=usage)])
    assert life is not None
    assert life.ttl == ttl
    assert life.expires_at == START + {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}[ttl]


def test_each_use_begins_its_time_anew_at_the_beginning_of_the_request():
    life = cache_life([exchange(0, usage=READ), exchange(3, usage=READ, marks=Marks(10, 2000, 2500, 90_000))])
    assert life is not None
    assert life.expires_at == START + timedelta(minutes=8)


def test_a_request_that_did_not_touch_the_cache_does_not_prolong_its_life():
    untouched = [exchange(2, usage=Usage(12, 0, 0, 0, 5)), exchange(3)]
    life = cache_life([exchange(0, usage=READ), *untouched])
    assert life is not None
    assert life.expires_at == START + timedelta(minutes=5)


def test_a_read_keeps_the_lifetime_for_which_the_cache_was_written():
    life = cache_life([exchange(0, usage=Usage(12, 0, 0, 900, 5)), exchange(1, usage=READ)])
    assert life is not None
    assert life.ttl == "1h"


def test_without_a_cache_there_is_no_clock():
    assert cache_life([exchange(0, usage=Usage(12, 0, 0, 0, 5)), exchange(1)]) is None
    assert cache_life([]) is None
