"""The search for a flag that a model refused without naming it."""

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.providers.flag_search import FlagSearch

SETS = st.frozensets(st.sampled_from("abcdefgh"))


@dataclass
class Model:
    """A model that refuses some flags, and a client of candela that sends it requests one after another."""

    bad: frozenset[str]
    risky: frozenset[str] = frozenset()
    together: frozenset[str] = frozenset()
    """Flags that a request has all of, or none."""
    found: frozenset[str] = frozenset()
    attempts: int = 0
    lost: list[frozenset[str]] = field(default_factory=list)
    """The good flags that each request did without."""

    def __post_init__(self) -> None:
        self.search = FlagSearch(self.risky)

    def request(self, wanted: frozenset[str]) -> None:
        """Send a request, and again after a refusal."""
        wanted -= self.found
        sent = self._without(wanted, self.search.left_out(wanted))
        self.finish(wanted, sent)

    def finish(self, wanted: frozenset[str], sent: frozenset[str]) -> None:
        """Answer a request that was sent with these flags."""
        left_out = self.search.left_out_again(sent)
        if not self._attempt(sent):
            sent = self._without(wanted, left_out)
            sent -= self.search.unproven(sent)
            assert self._attempt(sent), "a second attempt is never refused"
        self.lost.append(wanted - sent - self.bad)

    def _without(self, wanted: frozenset[str], left_out: frozenset[str]) -> frozenset[str]:
        sent = wanted - left_out
        return sent if self.together <= sent else sent - self.together

    def _attempt(self, sent: frozenset[str]) -> bool:
        self.attempts += 1
        refused = bool(sent & self.bad)
        self.found |= self.search.refused(sent) if refused else self.search.accepted(sent)
        return not refused


@given(bad=SETS, risky=SETS)
def test_finds_every_bad_flag_and_no_other(bad: frozenset[str], risky: frozenset[str]) -> None:
    model = Model(bad, risky)
    while model.found != bad:
        model.request(frozenset("abcdefgh"))
        assert len(model.lost) <= 5 * len(bad), "the first refusal, the risky ones, and halving"
    model.request(frozenset("abcdefgh"))
    assert model.lost[-1] == frozenset()
    assert model.attempts <= 2 * len(model.lost)


@given(bad=SETS, at_once=st.integers(2, 6), order=st.randoms(use_true_random=False))
def test_requests_at_the_same_time_find_them_too(bad: frozenset[str], at_once: int, order: Random) -> None:
    model = Model(bad)
    for _ in range(5 * len(bad) + 1):
        wanted = frozenset("abcdefgh") - model.found
        sent = [wanted - model.search.left_out(wanted) for _ in range(at_once)]
        order.shuffle(sent)
        for flags in sent:
            model.finish(wanted, flags)
    assert model.found == bad


@given(bad=SETS, wanted=st.lists(SETS, max_size=12))
def test_requests_with_different_flags_find_them_too(bad: frozenset[str], wanted: list[frozenset[str]]) -> None:
    model = Model(bad)
    for flags in wanted:
        model.request(flags)
    assert model.found <= bad


def test_eight_flags_are_halved_until_one_is_left() -> None:
    model = Model(frozenset("d"))
    for _ in range(5):
        model.request(frozenset("abcdefgh"))
    assert ["".join(sorted(lost)) for lost in model.lost] == ["abcefgh", "abcefgh", "cefgh", "efgh", ""]
    assert model.found == frozenset("d")
    assert model.attempts == 7


def test_a_flag_that_is_new_in_a_request_is_the_only_suspect() -> None:
    model = Model(frozenset("h"))
    model.request(frozenset("abc"))
    model.request(frozenset("abch"))
    assert model.found == frozenset("h")
    assert model.lost == [frozenset(), frozenset()]
    assert model.attempts == 3


def test_a_risky_flag_is_left_out_first() -> None:
    model = Model(frozenset("b"), risky=frozenset("b"))
    model.request(frozenset("abcdefgh"))
    model.request(frozenset("abcdefgh"))
    assert model.found == frozenset("b")
    assert (model.lost[-1], model.attempts) == (frozenset(), 3)


def test_the_newest_of_them_are_left_out_first() -> None:
    old, older, new, newer = "d-2024-02-01", "c-20240131", "b-2026-07-01", "a-2026-08-01"
    model = Model(frozenset({newer}))
    for _ in range(3):
        model.request(frozenset({old, older, new, newer}))
    assert model.lost == [{old, older, new}, {new}, frozenset()]
    assert model.found == {newer}


@pytest.mark.parametrize("bad", ["a", "b"])
def test_flags_that_are_only_sent_together_stay_out_together(bad: str) -> None:
    model = Model(frozenset(bad), together=frozenset("ab"))
    for _ in range(60):
        model.request(frozenset("abcd"))
    assert model.found == frozenset("ab")
    assert model.lost[-1] == frozenset()
    assert model.attempts < 70


def test_a_flag_that_was_good_and_is_refused_now_is_found_again() -> None:
    search = FlagSearch()
    search.accepted(frozenset("ab"))
    assert search.refused(frozenset("ab")) == frozenset()
    assert search.suspects == frozenset("ab")
    assert search.refused(frozenset("b")) == frozenset("b")
    assert search.suspects == frozenset()
