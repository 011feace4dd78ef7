"""Run a soak: candela with its dashboard in use on a pseudo-terminal, the provider, the load, and what they show."""

import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.dashboard_user import ENTER, ESCAPE, KEY_EVERY_S, PAGE_DOWN
from benchmarks.history import LARGE_WORDS, fill
from benchmarks.load import quantile
from benchmarks.programs import Candela, candela, server
from benchmarks.soak.agreement import disagreements
from benchmarks.soak.load import BIG_BYTES, Load, Mix

_ROOT = Path(__file__).parents[2]
_LOOK_S = 1.0
_REST_S = 60.0
_REST_LOOK_S = 0.5
_LIVING_S = 120.0
_FEW_TASKS = 3

_OPEN_BIG = [ESCAPE, "h", "g", "j", "l", "/", *f"sent>{BIG_BYTES // 2**20}MB", ENTER, "G", ENTER]
_READING = ["2", *[PAGE_DOWN] * 6, "G", "g", "7", *[PAGE_DOWN] * 4, "G", "8", "4", "1", ESCAPE, ESCAPE]
_LISTS = ["h", "j", "j", "j", "G", "g", "l", "g", *"jjjjj", PAGE_DOWN, PAGE_DOWN, "G", ENTER, "2", ESCAPE]
_TALKING = ["?", PAGE_DOWN, ESCAPE, ",", ESCAPE, "d", ESCAPE]
USE = [*_OPEN_BIG, *_READING, *_LISTS, *_TALKING]
"""What the user types again and again: to find, open, read and close a big request, then the lists, then dialogs."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a process holds."""

    tasks: tuple[str, ...]
    """The coroutines of the running tasks."""
    threads: int
    """Without those of thread pools, which come as they are needed and stay."""
    connections: int
    descriptors: int
    """All of them, connections too."""
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Minute:
    """What one minute of a soak showed. Delays in ms."""

    seconds: float
    with_candela: list[float]
    without: list[float]
    counts: Counts
    pauses: list[tuple[int, float]]
    """Each collection of garbage: its generation and its ms of processor time."""
    holds: list[tuple[str, float, str]]
    """Each time that a thread kept the interpreter's lock for long: its name, the ms of its processor time, and what it
    did."""

    @property
    def longest_hold(self) -> float:
        return max((ms for _, ms, _ in self.holds), default=0.0)


@dataclass(slots=True)
class Soak:
    """The results of a soak."""

    minutes: list[Minute] = field(default_factory=list)
    before: Counts | None = None
    """At rest after the first request of each kind."""
    after: Counts | None = None
    """At rest after the load."""
    requests: int = 0
    disagreements: list[str] = field(default_factory=list)
    """Where the provider's log, the clients' log and the store differ."""
    big_seen: bool = False
    """Whether a big request was on the screen."""

    @property
    def delays(self) -> tuple[list[float], list[float]]:
        """All delays with candela and without it, in ms."""
        return (
            [value for minute in self.minutes for value in minute.with_candela],
            [value for minute in self.minutes for value in minute.without],
        )


@dataclass(slots=True)
class _Observations:
    """The lines that the observed candela writes."""

    path: Path
    _at: int = 0

    def new(self) -> list[dict[str, Any]]:
        """Return the lines since the last call."""
        with self.path.open(encoding="utf-8") as file:
            file.seek(self._at)
            text = file.read()
        whole = text[: text.rfind("\n") + 1]
        self._at += len(whole.encode())
        return [json.loads(line) for line in whole.splitlines()]


def _counts(program: Candela, line: dict[str, Any]) -> Counts:
    descriptors = [str(each.readlink()) for each in _descriptors(program.pid)]
    connections = sum(target.startswith("socket:") for target in descriptors)
    return Counts(tuple(line["tasks"]), line["threads"], connections, len(descriptors), program.resident_mb())


def _descriptors(pid: int) -> list[Path]:
    return [each for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()]


async def soak(
    seconds: float,
    mix: Mix,
    *,
    requests: int = 0,
    minute_s: float = 60.0,
    told: Callable[[Minute], None] = lambda _: None,
    directory: Path | None = None,
) -> Soak:
    """Soak a candela for so many seconds. ``requests`` are in its store from the start. ``told`` gets each minute;
    ``minute_s`` is how long one is."""
    with tempfile.TemporaryDirectory(prefix="candela-soak-", dir=directory) as name:
        return await _soak(Path(name), seconds, mix, requests, minute_s, told)


async def _soak(
    home: Path, seconds: float, mix: Mix, requests: int, minute_s: float, told: Callable[[Minute], None]
) -> Soak:
    found = Soak()
    log, store = home / "provider.jsonl", home / "candela.db"
    observations = _Observations(home / "observed.jsonl")
    observations.path.touch()
    if requests:
        fill(store, requests)
    observed = (sys.executable, "-m", "benchmarks.soak.observed", str(observations.path))
    with contextlib.ExitStack() as providers:
        provider = providers.enter_context(server("benchmarks.soak.provider", str(log))).url
        environment = {"PYTHONPATH": str(_ROOT)}
        with candela(provider, home, dashboard=True, command=observed, environment=environment) as program:
            load = Load(mix, program.url, provider)
            await load.warm_up()
            user = asyncio.create_task(_use(program))
            await asyncio.sleep(len(USE) * KEY_EVERY_S)
            await _stopped(user, program)
            found.before = await _at_rest(program, observations, None)
            program.forget_shown()
            user = asyncio.create_task(_use(program))
            loading = asyncio.create_task(load.run())
            await _watch(found, program, observations, load, seconds, minute_s, told, {user, loading})
            load.stop()
            await asyncio.wait_for(loading, _LIVING_S)
            await _stopped(user, program)
            # With it go the connections that are kept for the next request.
            providers.close()
            found.after = await _at_rest(program, observations, found.before)
        found.requests = len(load.seen)
        found.disagreements = await asyncio.to_thread(disagreements, log, load.seen, store)
    return found


async def _watch(
    found: Soak,
    program: Candela,
    observations: _Observations,
    load: Load,
    seconds: float,
    minute_s: float,
    told: Callable[[Minute], None],
    tasks: set[asyncio.Task[None]],
) -> None:
    """Note each minute. Raises what one of the tasks failed with."""
    end = time.monotonic() + seconds
    observations.new()
    while time.monotonic() < end:
        began = time.monotonic()
        while (left := min(end, began + minute_s) - time.monotonic()) > 0:
            done, _ = await asyncio.wait(tasks, timeout=min(_LOOK_S, left), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
                raise RuntimeError("the load ended too early")
            found.big_seen = found.big_seen or LARGE_WORDS in program.shown()
        lines = observations.new()
        pauses = [(generation, ms) for line in lines for generation, ms in line["collections"]]
        minute = Minute(
            time.monotonic() - began,
            load.with_candela.take(),
            load.without.take(),
            _counts(program, lines[-1]),
            pauses,
            [(name, ms, where) for line in lines for name, ms, where in line["holds"]],
        )
        found.minutes.append(minute)
        told(minute)


async def _use(program: Candela) -> None:
    """Type keys until cancelled."""
    while True:
        for keys in USE:
            program.press(keys)
            await asyncio.sleep(KEY_EVERY_S)


async def _stopped(user: asyncio.Task[None], program: Candela) -> None:
    """Stop typing, and go back to the first screen."""
    user.cancel()
    await asyncio.wait([user])
    for _ in range(6):
        program.press(ESCAPE)
        await asyncio.sleep(KEY_EVERY_S)


async def _at_rest(program: Candela, observations: _Observations, before: Counts | None) -> Counts:
    """Return the counts once they do not fall any more, or are as before, but after a minute at the latest."""
    end = time.monotonic() + _REST_S
    least: Counts | None = None
    still = 0
    while time.monotonic() < end:
        await asyncio.sleep(_REST_LOOK_S)
        lines = observations.new()
        if not lines:
            continue
        counts = _counts(program, lines[-1])
        if before is not None and not leaks(before, counts):
            return counts
        falling = least is None or (len(counts.tasks), counts.connections) < (len(least.tasks), least.connections)
        still = 0 if falling else still + 1
        least = counts if falling else least
        if before is None and still >= 10:
            return counts
    assert least is not None
    return counts


def leaks(before: Counts, after: Counts) -> list[str]:
    """Return in words what is held after a load and was not before it."""
    tasks = Counter(after.tasks)
    tasks.subtract(before.tasks)
    more = {name: getattr(after, name) - getattr(before, name) for name in ("threads", "connections", "descriptors")}
    return [
        # The widgets of the first screen are not always as many.
        *(f"{count} tasks of {name}" for name, count in tasks.items() if count > _FEW_TASKS),
        *(f"{count} {name}" for name, count in more.items() if count > 0),
    ]


def line(name: str, values: list[float]) -> str:
    """Return the quantiles of delays as text."""
    if not values:
        return f"{name} –"
    shares = "  ".join(f"{quantile(values, share):7.2f}" for share in (0.5, 0.99, 0.999))
    return f"{name} {shares}  {max(values):7.1f}"


def report(minute: Minute) -> str:
    """Return a minute as a line of text."""
    counts = minute.counts
    longest = "collections " + ", ".join(
        f"{generation}: {len(times)}, longest {max(times):.1f} ms"
        for generation in range(3)
        if (times := [ms for of, ms in minute.pauses if of == generation])
    )
    return (
        f"{line('candela', minute.with_candela)} | {line('control', minute.without)} | {counts.resident_mb:.0f} MB, "
        f"{len(counts.tasks)} tasks, {counts.connections} connections, {counts.descriptors} descriptors, "
        f"{counts.threads} threads | {longest} | {len(minute.holds)} holds, longest {minute.longest_hold:.1f} ms"
    )
