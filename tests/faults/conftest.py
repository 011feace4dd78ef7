"""The matrix runs on uvloop, as candela does."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """pytest-asyncio's hook. The faults of the machine need asyncio's own loop: nobody can set the clock of uvloop."""
    if item.path.stem == "test_machine":
        return {"asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}
