"""The demo: a simulated provider and simulated sessions, on this machine only, without an account."""

import asyncio
import concurrent.futures
import itertools
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import aiohttp
from aiohttp import web

from candela_tui.demo.client import DemoClient
from candela_tui.demo.provider import DemoProvider, Scripts
from candela_tui.demo.story import Story, load_stories

_BEGINNINGS_S = (0.0, 0.4, 1.2, 2.5)
"""When each of the simulated terminals begins: soon enough that the first seconds show several sessions."""
_REST_S = (8.0, 20.0)


class Demo:
    """Owns one thread with the provider and the clients. The methods wait, and are called from other threads.

    ``speed`` divides every wait, so 2.0 plays twice as fast. The same seed plays the same sessions.
    """

    def __init__(self, seed: int = 8181, speed: float = 1.0) -> None:
        self._seed = seed
        self._speed = speed
        self._scripts: Scripts = {}
        self._provider = DemoProvider(self._scripts, seed, speed)
        self._loop = asyncio.new_event_loop()
        self._leave = asyncio.Event()
        self._ready: concurrent.futures.Future[str] = concurrent.futures.Future()
        self._clients: list[asyncio.Task[None]] = []
        self._thread = threading.Thread(target=self._main, name="demo", daemon=True)

    def start_provider(self) -> str:
        """Start the simulated provider; return its base URL. Raises OSError."""
        self._thread.start()
        return self._ready.result()

    def start_client(self, proxy_base_url: str) -> None:
        """Start playing sessions through this base URL, such as http://127.0.0.1:8181, until ``stop``."""
        asyncio.run_coroutine_threadsafe(self._start_client(proxy_base_url), self._loop).result()

    def stop(self) -> None:
        """End every session where it is, then the provider."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leave.set)
            self._thread.join()

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        runner = web.AppRunner(self._provider.application, access_log=None, shutdown_timeout=0.5)
        try:
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
        except OSError as error:
            self._ready.set_exception(error)
            return
        host, port = runner.addresses[0][:2]
        self._ready.set_result(f"http://{host}:{port}")
        await self._leave.wait()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        await runner.cleanup()

    async def _start_client(self, base_url: str) -> None:
        self._clients.append(asyncio.create_task(self._play_all(base_url), name="demo sessions"))

    async def _play_all(self, base_url: str) -> None:
        stories = _endless(load_stories())
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar()
            ) as http,
            asyncio.TaskGroup() as terminals,
        ):
            for number, beginning in enumerate(_BEGINNINGS_S):
                chances = random.Random(f"{self._seed}/{number}")  # noqa: S311
                client = DemoClient(http, base_url, self._scripts, chances, self._speed)
                terminals.create_task(self._play_on(client, stories, beginning, chances))

    async def _play_on(
        self, client: DemoClient, stories: Iterator[Story], beginning: float, chances: random.Random
    ) -> None:
        await client.wait(beginning)
        while True:
            await client.play(next(stories))
            await client.wait(chances.uniform(*_REST_S))


def _endless(stories: Sequence[Story]) -> Iterator[Story]:
    """Yield the stories again and again; from the second time on their names say which run it is."""
    yield from stories
    for run in itertools.count(2):
        for story in stories:
            yield named_as_run(story, run)


def named_as_run(story: Story, run: int) -> Story:
    """Return a story whose session is named as another run of it. What was picked up again is named by its first
    words, as it never asks for a title."""
    named = replace(story, title=f"Run {run}: {story.title}")
    if not story.before:
        return named
    first, *others = story.before
    return replace(named, before=[replace(first, text=f"Run {run}: {first.text}"), *others])
