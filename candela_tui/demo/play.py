"""The demo: a simulated provider and simulated sessions, local only, without an account."""

import asyncio
import concurrent.futures
import itertools
import logging
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import aiohttp
from aiohttp import web

from candela_tui.demo.client import DemoClient
from candela_tui.demo.provider import DemoProvider, Scripts
from candela_tui.demo.story import Story, load_stories

_BEGINNINGS_S = (0.0, 0.4, 1.2, 2.5)
"""Start times of the simulated terminals: early enough that the first seconds show several sessions."""
_REST_S = (8.0, 20.0)

logger = logging.getLogger(__name__)


class Demo:
    """Runs the provider and the clients in one thread. The methods block, and are called from other threads.

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
        """Start the simulated provider. Return its base URL. Raises OSError."""
        self._thread.start()
        return self._ready.result()

    def start_client(self, proxy_base_url: str, notify: Callable[[str], None]) -> None:
        """Start playing sessions through this base URL, such as http://127.0.0.1:8181, until ``stop``.

        ``notify`` gets a message for the user if a session fails; the others continue.
        """
        asyncio.run_coroutine_threadsafe(self._start_client(proxy_base_url, notify), self._loop).result()

    def stop(self) -> None:
        """End every session at once, then the provider."""
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
        for ended in await asyncio.gather(*self._clients, return_exceptions=True):
            if isinstance(ended, Exception):
                logger.error("the demo's sessions ended unexpectedly: %s", ended, exc_info=ended)
        await runner.cleanup()

    async def _start_client(self, base_url: str, notify: Callable[[str], None]) -> None:
        sessions = self._play_all(base_url, _endless(load_stories()), notify)
        self._clients.append(asyncio.create_task(sessions, name="demo sessions"))

    async def _play_all(self, base_url: str, stories: Iterator[Story], notify: Callable[[str], None]) -> None:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar()
            ) as http,
            asyncio.TaskGroup() as terminals,
        ):
            for number, beginning in enumerate(_BEGINNINGS_S):
                chances = random.Random(f"{self._seed}/{number}")  # noqa: S311
                client = DemoClient(http, base_url, self._scripts, chances, self._speed)
                terminals.create_task(_play_on(client, stories, beginning, chances, notify))


async def _play_on(
    client: DemoClient,
    stories: Iterator[Story],
    beginning: float,
    chances: random.Random,
    notify: Callable[[str], None],
) -> None:
    """Play one session after another in one terminal. A session that fails is reported, and the next one follows."""
    task = asyncio.current_task()
    await client.wait(beginning)
    while True:
        story = next(stories)
        try:
            await client.play(story)
        except* Exception as failed:
            for error in failed.exceptions:
                # The log leaves out the text of exceptions, which may quote real data. Here all data is invented.
                logger.exception("the demo's session %r failed: %s", story.title, error, exc_info=error)
            notify(f'The simulated session "{story.title}" failed (the log says why); the others continue')
        if task is not None and task.cancelling():
            # Before Python 3.13, a TaskGroup that fails while it is cancelled loses the cancellation.
            raise asyncio.CancelledError
        await client.wait(chances.uniform(*_REST_S))


def _endless(stories: Sequence[Story]) -> Iterator[Story]:
    """Yield the stories in an endless loop; from the second time on their names include the number of the run."""
    yield from stories
    for run in itertools.count(2):
        for story in stories:
            yield named_as_run(story, run)


def named_as_run(story: Story, run: int) -> Story:
    """Return a story whose session is named as another run of it. A resumed session is named by its first words,
    because it never requests a title."""
    named = replace(story, title=f"Run {run}: {story.title}")
    if not story.before:
        return named
    first, *others = story.before
    return replace(named, before=[replace(first, text=f"Run {run}: {first.text}"), *others])
