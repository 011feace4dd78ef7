"""The demo's simulated Claude Code: sends requests like the real client's, and reads the responses."""

import asyncio
import base64
import contextlib
import random
import uuid
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec

from candela_tui.demo.picture import flame_graph
from candela_tui.demo.prompts import (
    ALL_TOOLS,
    READING_TOOLS,
    TITLE_FORMAT,
    cache_mark,
    explorer_blocks,
    reminder,
    system_blocks,
    title_blocks,
)
from candela_tui.demo.provider import Script, Scripts
from candela_tui.demo.story import Call, Prompt, Step, Story
from candela_tui.protocol.answer_decoder import AnswerDecoder, ContentBlock

SMALL_MODEL = "claude-haiku-4-5-20251001"
"""The model for titles and for sub-agents that search."""
_KNOWLEDGE_CUTOFF = "January 2026"
_BETAS = (
    "claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
    "effort-2025-11-24"
)
_RETRY_WAIT_S = 1.4
_LOST_WAIT_S = 3.0
_PATIENCE_S = 1.5
"""How long a user reads an answer before stopping it, in seconds."""
_DEFAULT_AGENT_TYPE = "general-purpose"


class Refused(Exception):
    """The provider permanently refused a request, and stated the reason."""


class DemoClient:
    """Plays stories through a base URL, one session at a time. It sets in ``scripts`` what the provider will say."""

    def __init__(
        self, http: aiohttp.ClientSession, base_url: str, scripts: Scripts, chances: random.Random, speed: float
    ) -> None:
        self._http = http
        self._url = f"{base_url.rstrip('/')}/v1/messages?beta=true"
        self._scripts = scripts
        self._chances = chances
        self._speed = speed

    async def play(self, story: Story) -> None:
        """Play one session from its first prompt to its last answer, at reading speed."""
        session = self._new_id()
        prompts = [*story.before, *story.prompts]
        steps = [step for prompt in prompts for step in prompt.steps]
        self._scripts[session] = {None: Script(steps, story.title, story.lifetime)}
        agent = _Agent(
            self, session, None, None, story.model, system_blocks(story, _KNOWLEDGE_CUTOFF), ALL_TOOLS, story
        )
        for prompt in story.before:
            agent.remember(prompt.text, prompt.steps)
        for number, prompt in enumerate(story.prompts):
            prompt_id = self._new_id()
            if number == 0 and not story.before:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._ask_title(session, story, prompt_id))
                    both.create_task(agent.take(prompt, prompt_id))
            else:
                await agent.take(prompt, prompt_id)
            await self.wait(self._chances.uniform(5, 9))
        del self._scripts[session]

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._chances.getrandbits(128), version=4))

    async def _ask_title(self, session: str, story: Story, prompt_id: str) -> None:
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
        await self.ask(session, None, body, _hints("auxiliary", prompt_id))

    async def ask(
        self, session: str, agent: str | None, body: dict[str, Any], hints: dict[str, str]
    ) -> list[ContentBlock]:
        """Send a request, with retries, until it is answered. Return the content blocks of the answer."""
        headers = _headers(session, agent) | hints
        while True:
            status, decoder = None, None
            try:
                async with self._http.post(self._url, data=msgspec.json.encode(body), headers=headers) as answer:
                    status = answer.status
                    decoder = AnswerDecoder(status, answer.headers.get("Content-Type", ""))
                    async for chunk in answer.content.iter_any():
                        decoder.feed(chunk)
                    decoder.finish()
            except aiohttp.ClientError:
                # A stream that broke, or a proxy that is restarting or shutting down: the real client tries again too,
                # and after a broken stream without streaming.
                body = body | {"stream": body["stream"] and status != 200}
                await self.wait(_LOST_WAIT_S)
            else:
                if status == 404 and decoder.fold.error is not None:
                    raise Refused(decoder.fold.error.message)
                if status == 200 and decoder.fold.stopped:
                    return [block for _, block in sorted(decoder.fold.blocks.items())]
                await self.wait(_RETRY_WAIT_S)

    def start_agent(self, session: str, story: Story, steps: list[Step], model: str, agent_type: str) -> "_Agent":
        """Start a sub-agent that searches the project."""
        agent = f"a{self._chances.getrandbits(64):016x}"
        self._scripts[session][agent] = Script(steps)
        return _Agent(self, session, agent, agent_type, model, explorer_blocks(story), READING_TOOLS, story)

    def now(self) -> float:
        """Return the demo's time in seconds."""
        return asyncio.get_running_loop().time() * self._speed

    async def wait(self, seconds: float) -> None:
        """Wait for some seconds of the demo's time."""
        await asyncio.sleep(seconds / self._speed)

    def time_limit(self, seconds: float) -> asyncio.Timeout:
        """Return a time limit of some seconds of the demo's time, for ``async with``."""
        return asyncio.timeout(seconds / self._speed)


class _Agent:
    """A conversation of the main agent or of a sub-agent, as it grows."""

    def __init__(
        self,
        client: DemoClient,
        session: str,
        agent: str | None,
        agent_type: str | None,
        model: str,
        system: list[dict[str, Any]],
        tools: list[dict[str, Any]],
        story: Story,
    ) -> None:
        self._client = client
        self._session = session
        self._agent = agent
        self._type = agent_type
        self._model = model
        self._system = system
        self._tools = tools
        self._story = story
        self._messages: list[dict[str, Any]] = []
        self._prompt_id = ""
        self._took: list[tuple[str, float]] = []
        """The tools that ran since the last request, and the seconds that each took."""

    def remember(self, prompt: str, steps: Sequence[Step]) -> None:
        """Record a turn that was played before this session was resumed."""
        self._say([{"type": "text", "text": prompt}])
        for number, step in enumerate(steps):
            calls = [(f"toolu_before{len(self._messages)}{at}", call) for at, call in enumerate(step.calls)]
            text = [{"type": "text", "text": step.text}] if step.text else []
            uses = [{"type": "tool_use", "id": id, "name": call.tool, "input": call.arguments} for id, call in calls]
            self._messages.append({"role": "assistant", "content": [*text, *uses]})
            if number < len(steps) - 1:
                self._say([_result(id, call.output) for id, call in calls])

    async def take(self, prompt: Prompt, prompt_id: str) -> None:
        """Play one prompt of the user, who may stop the answer before it is complete."""
        if not prompt.interrupted:
            await self.turn(prompt.text, prompt.steps, prompt_id, picture=prompt.picture)
            return
        self._prompt_id = prompt_id
        self._say([{"type": "text", "text": prompt.text}])
        with contextlib.suppress(TimeoutError):
            async with self._client.time_limit(_PATIENCE_S):
                await self._ask()
        self._say([{"type": "text", "text": "[Request interrupted by user]"}])

    async def turn(self, prompt: str, steps: Sequence[Step], prompt_id: str, *, picture: bool = False) -> str:
        """Play one prompt until the model has nothing more to do. Return its last text."""
        self._prompt_id = prompt_id
        self._say([*([_image()] if picture else []), {"type": "text", "text": prompt}])
        for step in steps:
            blocks = await self._ask()
            self._messages.append({"role": "assistant", "content": [_content(block) for block in blocks]})
            uses = [block for block in blocks if block.type == "tool_use"]
            if not uses:
                break
            pairs = list(zip(uses, step.calls, strict=True))
            results = await asyncio.gather(*(self._run(call) for _, call in pairs))
            told = [_result(use.start["id"], text) for (use, _), text in zip(pairs, results, strict=True)]
            self._say([*told, *([reminder(step.reminder)] if step.reminder else [])])
        return "".join(block.text for block in blocks if block.type == "text")

    async def _ask(self) -> list[ContentBlock]:
        took, self._took = self._took, []
        hints = _hints("subagent" if self._agent else "main", self._prompt_id, self._type, took)
        return await self._client.ask(self._session, self._agent, self._body(), hints)

    async def _run(self, call: Call) -> str:
        began = self._client.now()
        try:
            return await self._result_of(call)
        finally:
            self._took.append((call.tool, self._client.now() - began))

    async def _result_of(self, call: Call) -> str:
        if call.agent:
            model = str(call.arguments.get("model", SMALL_MODEL))
            agent_type = str(call.arguments.get("subagent_type", _DEFAULT_AGENT_TYPE))
            helper = self._client.start_agent(self._session, self._story, call.agent, model, agent_type)
            try:
                return await helper.turn(str(call.arguments["prompt"]), call.agent, self._prompt_id)
            except Refused as refused:
                return f"The sub-agent failed: {refused}"
        await self._client.wait(call.seconds)
        return call.output

    def _say(self, content: list[dict[str, Any]]) -> None:
        if not self._messages and self._agent is None and self._story.memory:
            content = [reminder(f"The project's instructions (CLAUDE.md):\n\n{self._story.memory}"), *content]
        self._messages.append({"role": "user", "content": content})

    def _body(self) -> dict[str, Any]:
        *earlier, last = self._messages
        *blocks, end = last["content"]
        lifetime = "5m" if self._agent else self._story.lifetime
        marked = {**last, "content": [*blocks, {**end, "cache_control": cache_mark(lifetime)}]}
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


def _headers(session: str, agent: str | None) -> dict[str, str]:
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "claude-cli/2.1.332 (external, cli)",
        "X-Claude-Code-Session-Id": session,
        # The client sends 0 on every try.
        "X-Stainless-Retry-Count": "0",
        "Authorization": "Bearer sk-ant-oat01-demo",
        "anthropic-beta": _BETAS,
        "anthropic-version": "2023-06-01",
        "x-app": "cli",
    }
    return headers if agent is None else {**headers, "x-claude-code-agent-id": agent}


def _hints(
    request_class: str, prompt_id: str, agent_type: str | None = None, took: Sequence[tuple[str, float]] = ()
) -> dict[str, str]:
    """Return the headers that the client adds to a request if CLAUDE_CODE_GATEWAY_HINT_HEADERS is set."""
    hints = {"x-claude-code-request-class": request_class, "x-claude-code-prompt-id": prompt_id}
    if agent_type is not None:
        hints["x-claude-code-agent-type"] = agent_type
    if took:
        hints["x-claude-code-prev-tool-durations"] = ";".join(f"{tool}={seconds * 1000:.0f}" for tool, seconds in took)
    return hints


def _metadata(session: str) -> dict[str, str]:
    user = {"device_id": "demo", "account_uuid": "", "session_id": session}
    return {"user_id": msgspec.json.encode(user).decode()}


def _image() -> dict[str, Any]:
    data = base64.b64encode(flame_graph(1)).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def _result(tool_use_id: str, text: str) -> dict[str, Any]:
    return {"tool_use_id": tool_use_id, "type": "tool_result", "content": text}


def _content(block: ContentBlock) -> dict[str, Any]:
    """Return a content block of an answer in the form in which the next request repeats it."""
    match block.type:
        case "text":
            return {"type": "text", "text": block.text}
        case "thinking":
            return {"type": "thinking", "thinking": block.text, "signature": block.signature}
        case "tool_use":
            return {**block.start, "input": msgspec.json.decode(block.text or "{}")}
        case _:
            return block.start
