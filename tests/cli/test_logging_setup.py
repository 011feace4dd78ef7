"""The log shows where something failed, and never what a client or a provider sent."""

import asyncio
import logging
from pathlib import Path

import pytest
from aiohttp import ServerDisconnectedError

from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.logging_setup import log_beside_the_store, log_to_terminal
from candela_tui.proxy.thread import _log_unhandled

SECRET = "sid-8f14e45fceea167a"


def _fail() -> None:
    try:
        _ = {}[SECRET]
    except KeyError as error:
        raise ServerDisconnectedError(f"cookie={SECRET}") from error


def test_a_traceback_has_places_and_types_and_not_the_text_of_an_exception(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    invocation = Invocation(tmp_path / "config.toml", tmp_path)
    with log_beside_the_store(invocation), log_to_terminal():
        try:
            _fail()
        except ServerDisconnectedError:
            logging.getLogger("candela_tui.proxy").exception("could not be answered")
    for written in (invocation.paths.log.read_text(), capfd.readouterr().err):
        assert "could not be answered" in written
        assert "in _fail" in written
        assert written.index("KeyError") < written.index("ServerDisconnectedError")
        assert SECRET not in written


def test_what_asyncio_finds_unhandled_is_logged_in_the_same_way(tmp_path: Path) -> None:
    invocation = Invocation(tmp_path / "config.toml", tmp_path)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_log_unhandled)
    with log_beside_the_store(invocation):
        future = loop.create_future()
        loop.call_exception_handler(
            {"message": "Future exception was never retrieved", "future": future, "exception": KeyError(SECRET)}
        )
    loop.close()
    written = invocation.paths.log.read_text()
    assert "never retrieved" in written
    assert "KeyError" in written
    assert SECRET not in written
