"""Requests as Claude Code sends them, through a running proxy."""

import json
from typing import Any

import aiohttp

from tests.proxy.running import RunningProxy


async def ask(
    proxy: RunningProxy,
    session: str,
    messages: list[dict[str, Any]] | None = None,
    *,
    prompt: str | None = None,
    **headers: str,
) -> int:
    """Send a request, read the answer; its status."""
    body = {
        "model": "claude-opus-4-8",
        "max_tokens": 64,
        "stream": True,
        "tools": [{"name": "Bash", "input_schema": {}}],
        "messages": messages or [{"role": "user", "content": "hi"}],
    }
    sent = {"X-Claude-Code-Session-Id": session, **headers}
    if prompt is not None:
        sent["X-Claude-Code-Prompt-Id"] = prompt
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{proxy.url}/v1/messages", data=json.dumps(body), headers=sent) as answer,
    ):
        await answer.read()
        return answer.status
