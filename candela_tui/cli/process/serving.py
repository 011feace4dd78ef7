"""Run the proxy without a dashboard, and print a line for each request."""

import contextlib
import logging
import os
from collections.abc import Callable

import click

from candela_tui import __version__
from candela_tui.analysis.labels import cost
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process import pidfile
from candela_tui.cli.process.daemon import READY
from candela_tui.cli.process.engine import Engine
from candela_tui.cli.process.logging_setup import EXCHANGE, REQUESTS, log_beside_the_store, log_to_terminal
from candela_tui.cli.process.port import refused, require_certificate, require_keys, take_port
from candela_tui.cli.process.signals import until_terminated
from candela_tui.cli.process.transparent import transparent_sockets
from candela_tui.exchange import Exchange
from candela_tui.feed import Follower
from candela_tui.proxy.listen import PortTaken
from candela_tui.text.amounts import UNKNOWN, count
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import duration

requests = logging.getLogger(REQUESTS)

_GATHERED_S = 0.1
"""Seconds for which news are gathered before they are logged."""


def serve_until_told(
    invocation: Invocation, ready_fd: int | None, transparent: int | None = None, *, json_log: bool = False
) -> None:
    """Run the proxy until a signal ends it.

    ``ready_fd`` is where another candela, which started this one in the background, waits to hear that it is ready, or
    why not. ``transparent`` is the port to which the system redirects connections.
    """
    if ready_fd is None:
        with log_to_terminal(as_json=json_log):
            _run(invocation, transparent, on_ready=_say_where)
        return
    with log_beside_the_store(invocation), os.fdopen(ready_fd, "wb", buffering=0) as starter:

        def settle(engine: Engine) -> None:
            try:
                pidfile.write(invocation.paths.pid, engine.port)
            except OSError as error:
                raise click.ClickException(f"{invocation.paths.pid}: can't be written: {error.strerror}") from None
            _say_where(engine)
            with starter, contextlib.suppress(BrokenPipeError):
                starter.write(READY)

        try:
            _run(invocation, transparent, on_ready=settle)
        except click.ClickException as error:
            if not starter.closed:
                starter.write(error.format_message().encode())
            raise
        finally:
            pidfile.remove(invocation.paths.pid)


def _run(invocation: Invocation, transparent: int | None, *, on_ready: Callable[[Engine], None]) -> None:
    settings = invocation.settings()
    require_keys(settings, invocation.paths)
    require_certificate(settings)
    try:
        sock = take_port(settings.proxy.port, settings.proxy.listen)
    except PortTaken as taken:
        raise refused(taken) from None
    redirected = transparent_sockets(invocation, transparent) if transparent is not None else ()
    engine = Engine(settings, invocation, sock, redirected=redirected)
    with until_terminated() as waiting:
        follower = engine.feed.follow(waiting.wake)
        engine.start()
        on_ready(engine)
        while not waiting.told_to_end:
            waiting.wait()
            # Until they are taken, further news wake nobody. Waking this thread for each takes time from the relay.
            waiting.wait(_GATHERED_S)
            _log_ended(follower)
        engine.stop()
        _log_ended(follower)


def _log_ended(follower: Follower) -> None:
    for exchange in follower.drain().exchanges:
        if not exchange.live:
            requests.info("%s", line(exchange), extra={EXCHANGE: exchange})


def line(exchange: Exchange) -> str:
    """Return one line about a finished request, safe for a terminal."""
    usage = exchange.usage
    words = [
        exchange.outcome.value,
        str(exchange.status or UNKNOWN),
        f"{exchange.method} {exchange.path.partition('?')[0]}",
        exchange.model_used or exchange.model or UNKNOWN,
        f"session {(exchange.session_id or UNKNOWN)[:8]}",
    ]
    if usage is not None:
        words.append(f"prompt {count(usage.prompt_tokens)} cached {count(usage.cache_read_tokens)}")
        words.append(f"output {count(usage.output_tokens)}")
    if exchange.cost is not None:
        words.append(cost(exchange.cost))
    words.append(duration(exchange.duration_ms))
    if exchange.error is not None:
        words.append(f"{exchange.error.type}: {exchange.error.message}")
    return terminal_safe("  ".join(words))


def _say_where(engine: Engine) -> None:
    requests.info("candela %s listens on http://%s", __version__, engine.address)
