"""The demo's simulated Claude Code: sends what the real client would, and reads the answers that come back."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec

from candela_tui.demo.prompts import (
    ALL_TOOLS,
    READING_TOOLS,
    TITLE_FORMAT,
    explorer_blocks,
    system_blocks,
    title_blocks,
)
from candela_tui.demo.provider import Script, Scripts
from candela_tui.demo.story import Call, Step, Story
from candela_tui.protocol.messages import AnswerDecoder, ContentBlock

SMALL_MODEL = "claude-haiku-4-5-20251001"
"""What titles and searching sub-agents are made with."""
_KNOWLEDGE_CUTOFF = "January 2026"
_BETAS = "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24"
_RETRY_WAIT_S = 1.4
_LOST_WAIT_S = 3.0


class DemoClient:
    """Plays stories through a base URL, one session at a time, and tells the provider by ``scripts`` what to say."""

    def __init__(
        self, http: aiohttp.ClientSession, base_url: str, scripts: Scripts, chances: random.Random, speed: float
    ) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/v1/messages?beta=true"
        self._scripts = scripts
        self._chances = chances
        self._speed = speed

    async def play(self, story: Story) -> None:
        """One session from its first prompt to its last answer, at the pace of somebody who reads."""
        session = str(uuid.UUID(int=self._chances.getrandbits(128), version=4))
        prompts = [*story.before, *story.prompts]
        steps = [step for prompt in prompts for step in prompt.steps]
        self._scripts[session] = {None: Script(steps, story.title, "1h")}
        agent = _Agent(self, session, None, story.model, system_blocks(story, _KNOWLEDGE_CUTOFF), ALL_TOOLS, story)
        for prompt in story.before:
            agent.remember(prompt.text, prompt.steps)
        for number, prompt in enumerate(story.prompts):
            if number == 0 and not story.before:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._ask_title(session, story))
                    both.create_task(agent.turn(prompt.text, prompt.steps))
            else:
                await agent.turn(prompt.text, prompt.steps)
            await self.wait(self._chances.uniform(5, 9))
        del self._scripts[session]

    async def _ask_title(self, session: str, story: Story) -> None:
        body = {
            "model": SMALL_MODEL,
            "messages": [{"role": "user", "content": [{"type": "text", "text": story.prompts[0].text}]}],
            "system": title_blocks(),
            "tools": [],
            "metadata": _metadata(session),
            "max_tokens": 32000,
            "output_config": {"format": TITLE_FORMAT},
            "stream": True,
        }
        await self.ask(session, None, body)

    async def ask(self, session: str, agent: str | None, body: dict[str, Any]) -> list[ContentBlock]:
        """Send a request until it is answered; return the content blocks of the answer."""
        payload = msgspec.json.encode(body)
        tries = 0
        while True:
            status, decoder = None, None
            try:
                async with self._http.post(self._url, data=payload, headers=_headers(session, agent, tries)) as answer:
                    status = answer.status
                    decoder = AnswerDecoder(status, answer.headers.get("Content-Type", ""))
                    async for chunk in answer.content.iter_any():
                        decoder.feed(chunk)
                    decoder.finish()
            except aiohttp.ClientError:
                # The proxy is being restarted, or is leaving: the real client tries again as well.
                await self.wait(_LOST_WAIT_S)
            else:
                if status == 200 and decoder.fold.stopped:
                    return [block for _, block in sorted(decoder.fold.blocks.items())]
                await self.wait(_RETRY_WAIT_S)
            tries += 1

    def start_agent(self, session: str, story: Story, steps: list[Step]) -> "_Agent":
        """A sub-agent that searches."""
        agent = f"a{self._chances.getrandbits(64):016x}"
        self._scripts[session][agent] = Script(steps)
        return _Agent(self, session, agent, SMALL_MODEL, explorer_blocks(story), READING_TOOLS, story)

    async def wait(self, seconds: float) -> None:
        """Let so much of the demo's time pass."""
        await asyncio.sleep(seconds / self._speed)


class _Agent:
    """A conversation as it grows: the main agent's, or a sub-agent's."""

    def __init__(
        self,
        client: DemoClient,
        session: str,
        agent: str | None,
        model: str,
        system: list[dict[str, Any]],
        tools: list[dict[str, Any]],
        story: Story,
    ) -> None:
        self._client = client
        self._session = session
        self._agent = agent
        self._model = model
        self._system = system
        self._tools = tools
        self._story = story
        self._messages: list[dict[str, Any]] = []

    def remember(self, prompt: str, steps: Sequence[Step]) -> None:
        """Take a turn as done that was played before this session was picked up."""
        self._say([{"type": "text", "text": prompt}])
        for number, step in enumerate(steps):
            calls = [(f"toolu_before{len(self._messages)}{at}", call) for at, call in enumerate(step.calls)]
            text = [{"type": "text", "text": step.text}] if step.text else []
            uses = [{"type": "tool_use", "id": id, "name": call.tool, "input": call.arguments} for id, call in calls]
            self._messages.append({"role": "assistant", "content": [*text, *uses]})
            if number < len(steps) - 1:
                self._say([_result(id, call.output) for id, call in calls])

    async def turn(self, prompt: str, steps: Sequence[Step]) -> str:
        """One prompt until the model has nothing more to do; return its last text."""
        self._say([{"type": "text", "text": prompt}])
        for step in steps:
            blocks = await self._client.ask(self._session, self._agent, self._body())
            self._messages.append({"role": "assistant", "content": [_content(block) for block in blocks]})
            uses = [block for block in blocks if block.type == "tool_use"]
            if not uses:
                break
            pairs = list(zip(uses, step.calls, strict=True))
            results = await asyncio.gather(*(self._run(call) for _, call in pairs))
            self._say([_result(use.start["id"], text) for (use, _), text in zip(pairs, results, strict=True)])
        return "".join(block.text for block in blocks if block.type == "text")

    async def _run(self, call: Call) -> str:
        if call.agent:
            helper = self._client.start_agent(self._session, self._story, call.agent)
            return await helper.turn(str(call.arguments["prompt"]), call.agent)
        await self._client.wait(call.seconds)
        return call.output

    def _say(self, content: list[dict[str, Any]]) -> None:
        self._messages.append({"role": "user", "content": content})

    def _body(self) -> dict[str, Any]:
        *earlier, last = self._messages
        *blocks, end = last["content"]
        marked = {**last, "content": [*blocks, {**end, "cache_control": {"type": "ephemeral"}}]}
        return {
            "model": self._model,
            "messages": [*earlier, marked],
            "system": self._system,
            "tools": self._tools,
            "metadata": _metadata(self._session),
            "max_tokens": 64000,
            "thinking": {"type": "disabled" if self._agent else "adaptive"},
            "stream": True,
        }


def _headers(session: str, agent: str | None, tries: int) -> dict[str, str]:
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "claude-cli/2.1.197 (external, cli)",
        "X-Claude-Code-Session-Id": session,
        "X-Stainless-Retry-Count": str(tries),
        "anthropic-beta": _BETAS,
        "anthropic-version": "2023-06-01",
        "x-api-key": "demo",
        "x-app": "cli",
    }
    return headers if agent is None else {**headers, "x-claude-code-agent-id": agent}


def _metadata(session: str) -> dict[str, str]:
    user = {"device_id": "demo", "account_uuid": "", "session_id": session}
    return {"user_id": msgspec.json.encode(user).decode()}


def _result(tool_use_id: str, text: str) -> dict[str, Any]:
    return {"tool_use_id": tool_use_id, "type": "tool_result", "content": text}


def _content(block: ContentBlock) -> dict[str, Any]:
    """A content block of an answer as the next request sends it back."""
    match block.type:
        case "text":
            return {"type": "text", "text": block.text}
        case "thinking":
            return {"type": "thinking", "thinking": block.text, "signature": block.signature}
        case "tool_use":
            return {**block.start, "input": msgspec.json.decode(block.text or "{}")}
        case _:
            return block.start
