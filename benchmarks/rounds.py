"""Drives the targets in turn, round by round in one run, so that the noise of the machine hits all alike."""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.cases import Case
from benchmarks.dashboard_user import DashboardUser
from benchmarks.load import WARM_UP, LoadFailed, Measured, drive, smaller
from benchmarks.programs import NotStarted
from benchmarks.target import Running, Setting, Target, Unavailable

_LOOK_S = 0.2
_IDLE_SHARE = 0.1
"""Of a core: a program that uses less has done its work. A dashboard that is open uses some of that by itself."""
_LONGEST_WORK_S = 20.0
_DRAWN_S = 4.0
"""After the start, until a dashboard has drawn its first screens."""


@dataclass(slots=True)
class Result:
    """What was measured of a case: the targets by id, in each round."""

    case: Case
    rounds: list[dict[str, Measured]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """The targets that gave up, and why."""


@dataclass(slots=True)
class Started:
    """The targets that run, by id, and why others do not."""

    running: dict[str, Running] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def started(targets: Sequence[Target], setting: Setting, tell: Callable[[str], None]) -> Iterator[Started]:
    """Start the targets, and end them at the end of the block."""
    found = Started()
    with contextlib.ExitStack() as stack:
        for target in targets:
            tell(f"starting {target.label} …")
            try:
                running = stack.enter_context(target.start(setting))
            except Unavailable as why:
                found.skipped[target.id] = str(why)
                tell(f"  skipped: {why}")
                continue
            except NotStarted as why:
                found.skipped[target.id] = str(why)
                tell(f"  skipped: {why}. It wrote last: {why.wrote}")
                continue
            found.running[target.id] = running
            for name, url in running.routes.items():
                found.running[name] = replace(running, url=url, routes={})
        yield found


async def run(
    cases: Sequence[Case],
    targets: dict[str, Running],
    rounds: int,
    tell: Callable[[str], None],
    minutes: float = math.inf,
) -> list[Result]:
    """Put the load of each case on each of its targets, in another order each round.

    After the first, no round begins that would end after so many minutes, if it takes as long as the one before.
    """
    if any(target.user for target in targets.values()):
        await asyncio.sleep(_DRAWN_S)
    results = [Result(case) for case in cases]
    users = {name: DashboardUser(running.user) for name, running in targets.items() if running.user}
    begun = last = time.monotonic()
    for number in range(1, rounds + 1):
        now = time.monotonic()
        if number > 1 and now + (now - last) > begun + minutes * 60:
            tell(f"no further round: it would end after {minutes:g} minutes")
            break
        last = now
        for result in results:
            tell(f"round {number} of {rounds}: {result.case.title}")
            result.rounds.append(await _round(result, targets, users))
    if any(case.in_use for case in cases):
        for name, user in users.items():
            if not user.read_large:
                tell(f"{name}: the large conversation was never on the screen: the keys did something else")
    return results


async def _round(result: Result, targets: dict[str, Running], users: dict[str, DashboardUser]) -> dict[str, Measured]:
    measured: dict[str, Measured] = {}
    named = [name for name in result.case.targets if name in targets and name not in result.failed]
    for name in random.sample(named, len(named)):
        try:
            measured[name] = await _load(result.case, targets[name], users.get(name) if result.case.in_use else None)
        except (LoadFailed, OSError) as why:
            result.failed[name] = str(why)
    return {name: measured[name] for name in named if name in measured}


async def _load(case: Case, target: Running, user: DashboardUser | None) -> Measured:
    await drive(target.url, WARM_UP)
    await _at_rest(target)
    before = target.processor_seconds()
    async with user.at_work() if user else contextlib.nullcontext():
        measured = await drive(target.url, smaller(case.shape, target.share))
    await _at_rest(target)
    measured.processor_s = target.processor_seconds() - before
    return measured


async def _at_rest(target: Running) -> None:
    """Wait until a target has stored what it has to: that is its own processor time, and not to be beside the next."""
    ends = time.monotonic() + _LONGEST_WORK_S
    idle = 0
    while idle < 2 and time.monotonic() < ends:
        before = target.processor_seconds()
        await asyncio.sleep(_LOOK_S)
        idle = idle + 1 if target.processor_seconds() - before < _IDLE_SHARE * _LOOK_S else 0
