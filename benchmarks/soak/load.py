"""The soak's load: live streams, small and big requests, and faults, each noted by its client."""

import asyncio
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.history import large_body
from benchmarks.soak.client import Client, Delays, Seen
from benchmarks.soak.instruction import Behaviour, Instruction

FAULTS = (
    Behaviour.OVERLOADED,
    Behaviour.GARBAGE,
    Behaviour.RESET_BEFORE,
    Behaviour.RESET_WITHIN,
    Behaviour.SHORT,
    Behaviour.HALF_EVENT,
)
BIG_BYTES = 5 * 2**20
"""The filter of the dashboard's user finds the big requests by this size."""
_LEAVE_AFTER_S = 0.4
_SHORTEST_STREAM_S, _LONGEST_STREAM_S = 5.0, 30.0


@dataclass(frozen=True, slots=True)
class Mix:
    """How much load."""

    streams: int = 20
    controls: int = 4
    """Streams straight to the provider, at the pace of the others."""
    pace_ms: int = 30
    body_kb: int = 90
    big_mb: int = 10
    big_every_s: float = 15.0
    small_every_s: float = 0.5
    fault_every_s: float = 2.0


@dataclass(slots=True)
class Load:
    """Puts a mix on a candela and its provider from ``run`` until ``stop``."""

    mix: Mix
    candela: str
    provider: str
    seen: list[Seen] = field(default_factory=list)
    """Requests through candela, in the order of their ends."""
    with_candela: Delays = field(default_factory=Delays)
    without: Delays = field(default_factory=Delays)
    _ids: Iterator[int] = field(default_factory=itertools.count)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _random: random.Random = field(default_factory=lambda: random.Random(1))

    async def run(self) -> None:
        """Put the load on until ``stop``, and wait for what is live then."""
        async with asyncio.TaskGroup() as group:
            for number in range(self.mix.streams):
                group.create_task(self._streams(Client(self.candela, f"soak-{number % 5}", self.with_candela)))
            for _ in range(self.mix.controls):
                group.create_task(self._streams(Client(self.provider, "control", self.without), noted=False))
            group.create_task(self._small())
            group.create_task(self._faults())
            group.create_task(self._big())

    def stop(self) -> None:
        """Begin no further requests."""
        self._stopping.set()

    async def warm_up(self) -> None:
        """Send one request of each kind, so that candela has once done all that it will do."""
        client = Client(self.candela, "soak-0")
        await self._send(client, Behaviour.STREAM, self._small_body())
        await self._send(client, Behaviour.STREAM, big_body(self.mix.big_mb))
        for behaviour in FAULTS:
            await self._send(client, behaviour, self._small_body())
        client.close()

    async def _send(
        self, client: Client, behaviour: Behaviour, body: bytes, *, leave_after_s: float | None = None, **shape: int
    ) -> None:
        instruction = Instruction(f"{next(self._ids)}", behaviour, **shape)
        self.seen.append(await client.send(instruction, body, leave_after_s))

    def _small_body(self) -> bytes:
        return body(2, f"small {next(self._ids)}")

    async def _pause(self, seconds: float) -> bool:
        """Return whether to go on after so many seconds."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return True
        return False

    async def _streams(self, client: Client, *, noted: bool = True) -> None:
        while not self._stopping.is_set():
            seconds = self._random.uniform(_SHORTEST_STREAM_S, _LONGEST_STREAM_S)
            number = next(self._ids)
            instruction = Instruction(
                f"{number}", Behaviour.STREAM, int(seconds * 1000 / self.mix.pace_ms), self.mix.pace_ms
            )
            seen = await client.send(instruction, body(self.mix.body_kb, f"stream {number}"))
            if noted:
                self.seen.append(seen)
        client.close()

    async def _small(self) -> None:
        client = Client(self.candela, "soak-1")
        while await self._pause(self.mix.small_every_s):
            await self._send(client, Behaviour.STREAM, self._small_body())
        client.close()

    async def _faults(self) -> None:
        client = Client(self.candela, "soak-2")
        for behaviour in itertools.cycle((*FAULTS, None)):
            if not await self._pause(self.mix.fault_every_s):
                break
            if behaviour is not None:
                await self._send(client, behaviour, self._small_body())
                continue
            # The fault is the client's own: it leaves within the answer.
            pace = self.mix.pace_ms
            await self._send(
                client, Behaviour.STREAM, self._small_body(), leave_after_s=_LEAVE_AFTER_S, events=1000, pace_ms=pace
            )
        client.close()

    async def _big(self) -> None:
        client = Client(self.candela, "soak-big")
        request = await asyncio.to_thread(big_body, self.mix.big_mb)
        while await self._pause(self.mix.big_every_s / 2):
            await self._send(client, Behaviour.STREAM, request)
            if not await self._pause(self.mix.big_every_s / 2):
                break
            await self._send(client, Behaviour.STREAM, self._small_body(), events=self.mix.big_mb * 16, delta_kb=64)
        client.close()


def body(kilobytes: int, words: str) -> bytes:
    """Return a request of about so many kB that begins with these words."""
    text = words + " lorem ipsum dolor sit amet" * (kilobytes * 1024 // 27)
    return _request([{"role": "user", "content": text}])


def big_body(megabytes: int) -> bytes:
    """Return a long conversation of about so many MB."""
    return large_body(kilobytes=megabytes * 1000)


def _request(messages: list[dict[str, str]]) -> bytes:
    fields = {"model": "claude-opus-4-8", "max_tokens": 1024, "stream": True, "messages": messages}
    return json.dumps(fields).encode()
