"""Warn the user if a Claude Code that candela started sends no request through it.

The client replaces the command that starts it, so this check runs in a separate process. It ends with the first
request that candela gets from any client: the sender is not always known, and a false alarm would be worse than none.
"""

import contextlib
import http.client
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from candela_tui.api_root import API_ROOT
from candela_tui.proxy.listen import HOST

PATIENCE_S = 30.0
_UNTIL_RECORDED_S = 0.3
"""How long until a request is listed. Capture polls every 0.1 s."""
_API_TIMEOUT_S = 2.0


def watch(
    ended: Callable[[float | None], bool],
    asked: Callable[[], bool | None],
    tell_candela: Callable[[], None],
    tell_user: Callable[[], None],
    *,
    prints: bool,
) -> None:
    """Watch a client until it ends or sends its first request, and report if it sends none.

    ``ended`` waits up to the given number of seconds, or without a limit for None, and returns whether the client has
    ended. ``asked`` returns whether there was a request, or None if that is unknown. ``prints`` is true if the client
    answers one prompt and ends: then no request means that something is wrong, however soon it ended.
    """
    if ended(PATIENCE_S):
        if prints and asked() is False:
            tell_user()
        return
    if asked() is not False:
        return
    tell_candela()
    ended(None)
    if asked() is False:
        tell_user()


def will_ask(words: Sequence[str]) -> bool:
    """Return whether Claude Code calls a model with these arguments. It does not for ``mcp list`` or ``--version``."""
    if any(word in ("--help", "-h", "--version", "-v") for word in words):
        return False
    return is_printing(words) or not words or words[0].startswith("-") or " " in words[0]


def is_printing(words: Sequence[str]) -> bool:
    """Return whether Claude Code answers one prompt and ends with these arguments."""
    return "-p" in words or "--print" in words


def likely_cause(led_past: Sequence[tuple[Path, str]], words: Sequence[str]) -> str:
    """Return the likely reason why no request came, or how to find it."""
    if led_past:
        path, name = led_past[0]
        return f"Likely cause: {path} sets {name}, which leads it past candela."
    if any(word.partition("=")[0] == "--settings" for word in words):
        return "Likely cause: --settings sets variables that lead it past candela."
    return "/status in Claude Code shows the base URL that it uses; `candela doctor` looks for the cause."


class LocalCandela:
    """A client for the local API of the candela on a port."""

    def __init__(self, port: int, token_file: Path) -> None:
        self._port = port
        self._token_file = token_file
        self._since = datetime.now(UTC)

    def asked(self) -> bool | None:
        """Return whether a request came since this object was created, or None if that is unknown. Blocks."""
        path = f"/requests?limit=1&since={quote(self._since.isoformat())}"
        answer = self._ask("GET", path)
        if answer == b"":
            time.sleep(_UNTIL_RECORDED_S)
            answer = self._ask("GET", path)
        return None if answer is None else bool(answer)

    def tell(self, words: str) -> None:
        """Show a notice in the dashboards and the log of this candela. Blocks."""
        self._ask("POST", "/notices", json.dumps({"text": words}).encode())

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes | None:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_API_TIMEOUT_S)
        try:
            token = self._token_file.read_text("ascii").strip()
            connection.request(method, API_ROOT + path, body, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            return answer.read() if answer.status == 200 else None
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()


def watch_beside(candela: LocalCandela, words: Sequence[str], cause: str) -> None:
    """Start a separate process that watches the client that this process is about to become."""
    if not will_ask(words):
        return
    client = os.getpid()
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    # From here on this is a separate process that must never return into the command.
    with contextlib.suppress(BaseException):
        end = _End(client)
        os.setsid()
        # Detach the watcher, so that the client does not get a child process that it does not know.
        if os.fork() == 0:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)
            _watch_process(end, client, candela, words, cause)
    os._exit(0)


class _End:
    """Waits for the end of any process, child or not.

    Create it while the process is certainly running: its pid may be reused later."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._file = os.pidfd_open(process) if sys.platform == "linux" else None

    def within(self, timeout_s: float | None) -> bool:
        """Wait up to ``timeout_s`` seconds, or without a limit for None, and return whether the process has ended."""
        if self._file is not None:
            return bool(select.select([self._file], [], [], timeout_s)[0])
        return self._within_by_kqueue(timeout_s)

    def _within_by_kqueue(self, timeout_s: float | None) -> bool:
        if sys.platform == "linux":
            raise NotImplementedError
        try:
            exit_of = select.kevent(
                self._process, select.KQ_FILTER_PROC, select.KQ_EV_ADD | select.KQ_EV_ONESHOT, select.KQ_NOTE_EXIT
            )
            return bool(select.kqueue().control([exit_of], 1, timeout_s))
        except ProcessLookupError:
            return True


def _watch_process(end: _End, client: int, candela: LocalCandela, words: Sequence[str], cause: str) -> None:
    directory = Path.cwd()

    def tell_candela() -> None:
        candela.tell(
            f"Claude Code (process {client}, in {directory}) has run for {PATIENCE_S:.0f} s, and no request has come. "
            + cause
        )

    def tell_user() -> None:
        os.write(2, f"candela: Claude Code has ended, and no request came through candela. {cause}\n".encode())

    watch(end.within, candela.asked, tell_candela, tell_user, prints=is_printing(words))
