"""A minute of live streams, big requests, faults and a busy dashboard. Nothing here depends on the machine's speed."""

import asyncio

import pytest

from benchmarks.soak.load import Mix
from benchmarks.soak.run import Soak, leaks, soak

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("soak")]

_SECONDS = 40
_MIX = Mix(streams=6, controls=1, pace_ms=50, big_every_s=8.0, small_every_s=0.5, fault_every_s=1.0)
_MOST_MB = 120
"""How much more memory it may hold at rest than before. One leaked body a second would be more."""


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> Soak:
    return asyncio.run(soak(_SECONDS, _MIX, directory=tmp_path_factory.mktemp("soak")))


def test_the_provider_the_clients_and_the_store_agree_on_every_request(soaked: Soak) -> None:
    assert soaked.requests > 50
    assert soaked.disagreements == []


def test_tasks_threads_connections_and_descriptors_are_given_back(soaked: Soak) -> None:
    assert soaked.before is not None
    assert soaked.after is not None
    assert leaks(soaked.before, soaked.after) == []


def test_memory_is_given_back(soaked: Soak) -> None:
    assert soaked.before is not None
    assert soaked.after is not None
    assert soaked.after.resident_mb - soaked.before.resident_mb < _MOST_MB


def test_the_dashboard_had_a_big_request_open(soaked: Soak) -> None:
    assert soaked.big_seen
