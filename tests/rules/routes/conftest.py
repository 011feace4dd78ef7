"""candela with rules about routes, towards the stand-ins of Anthropic, Vertex AI and Bedrock."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.setting import Setting, setting

CHAIN = {"chain": ["anthropic-direct", "anthropic-bedrock", "anthropic-vertex"]}

Ruled = Callable[..., AbstractAsyncContextManager[Setting]]


@pytest.fixture
async def ruled(tmp_path: Path) -> AsyncIterator[Callable[[dict[str, Any]], Any]]:
    """Starts candela with these sections of [rules]."""
    async with AsyncExitStack() as stack:

        async def start(**rules: Any) -> Setting:
            return await stack.enter_async_context(setting(tmp_path, more={"rules": rules}))

        yield start


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Setting]:
    """candela with a chain of three providers."""
    async with setting(tmp_path, more={"rules": {"fallback": CHAIN}}) as running:
        yield running
