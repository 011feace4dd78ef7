"""An answer leaves nothing behind that only the garbage collector frees."""

import asyncio
import gc
from pathlib import Path

import aiohttp

from candela_tui.network.provider_response import ProviderResponse
from candela_tui.proxy.answer_writer import AnswerWriter
from tests.proxy.running import BODY, PATIENCE_S, RunningProxy
from tests.standin import Provider


async def test_an_answer_that_passed_is_freed_without_the_garbage_collector(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    async with RunningProxy(provider.url, tmp_path) as candela:
        gc.freeze()
        gc.disable()
        try:
            for _ in range(3):
                async with asyncio.timeout(PATIENCE_S), client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
                    await answer.read()
            await candela.ended(3)
            left = [each for each in gc.get_objects() if isinstance(each, ProviderResponse | AnswerWriter)]
        finally:
            gc.enable()
    assert left == []
