"""Claude on Vertex AI for clients that speak OpenAI's chat completions; Messages and everything else pass on.

What another upstream says of a Messages request holds here too: its attempts, its translation and its handling of
errors are wrapped, so that retries and the mapping of errors are its own.
"""

import asyncio
import time
from dataclasses import replace
from functools import partial

from candela_tui.protocol.call import is_chat
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.protocol.openai import (
    ChatDocument,
    ChatRequest,
    ChatStream,
    InvalidChat,
    chat_error,
    invalid_chat,
    models_for_both,
    to_messages,
)
from candela_tui.proxy.fields import answer_fields
from candela_tui.proxy.outgoing import Asked, Attempt, Pairs, Reply, Translation, Upstream

_ELSEWHERE = ("/responses", "/completions", "/embeddings", "/images", "/audio", "/moderations", "/files", "/batches")
# The client's key is for OpenAI; what is translated must come as plain text.
_NOT_PASSED_ON = ("authorization", "x-api-key", "accept-encoding", "content-type", "content-encoding")
_OF_THE_BODY = ("content-type", "content-length", "content-encoding")
_LARGE = 256 * 1024
"""From here on translating takes longer than the loop may be held: about 0.5 ms for 90 KB."""
_STRUCTURED = b'"format":{"type":"json_schema"'


class OpenAi:
    """Translates chat completions to Messages for another upstream, which belongs to someone else."""

    def __init__(self, messages: Upstream, *, cached: bool = True) -> None:
        """``cached``: mark what of a chat's prompt Claude is to cache."""
        self._messages = messages
        self._to_messages = partial(to_messages, cached=cached)

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The Messages request for a chat; other requests are the other upstream's."""
        path, mark, query = asked.path.partition("?")
        if is_chat(path) and asked.method == "POST":
            return await self._chat(asked, mark + query)
        below = path.removeprefix("/v1")
        if below == "/models" or below.startswith("/models/"):
            return _with_models(await self._messages.attempt(replace(asked, path=f"/v1{below}{mark}{query}")))
        if below.startswith(_ELSEWHERE):
            words = f"candela has no {path} for Claude: there is /v1/chat/completions, /v1/messages and /v1/models"
            return _reply(404, [], invalid_chat(InvalidChat(words)))
        return await self._messages.attempt(asked)

    async def close(self) -> None:
        """It owns nothing."""

    async def _chat(self, asked: Asked, query: str) -> Attempt | Reply:
        try:
            body = decode_whole(header(asked.headers, "content-encoding") or "", asked.body)
            chat = await asyncio.to_thread(self._to_messages, body) if len(body) > _LARGE else self._to_messages(body)
        except InvalidChat as error:
            return _reply(400, [], invalid_chat(error))
        except BadEncoding as error:
            return _reply(400, [], invalid_chat(InvalidChat(f"the request's Content-Encoding does not fit: {error}")))
        headers = [(name, value) for name, value in asked.headers if not _own(name)]
        headers += [("Content-Type", "application/json"), ("Accept-Encoding", "identity")]
        return _wrapped(await self._messages.attempt(Asked("POST", "/v1/messages" + query, headers, chat.body)), chat)


def _own(name: str) -> bool:
    """Whether a header field is between the client and OpenAI only."""
    return name.lower() in _NOT_PASSED_ON or name.lower().startswith("openai-")


def _wrapped(step: Attempt | Reply, chat: ChatRequest) -> Attempt | Reply:
    """The other upstream's step, its answer put into OpenAI's form."""
    if isinstance(step, Reply):
        return _answer(step, chat)
    if chat.structured and _STRUCTURED not in step.request.body:
        # The provider takes no schema there. A free text in its place would break a client that relies on one.
        words = (
            f"response_format: {step.provider} gives no structured outputs from {step.model or 'this model'}. Ask a"
            ' newer model, or for {"type": "json_object"} with the schema in your prompt.'
        )
        return _reply(400, [], invalid_chat(InvalidChat(words, "response_format")))

    async def on_error(status: int, headers: Pairs, body: bytes) -> Attempt | Reply:
        following = await step.on_error(status, headers, body) if step.on_error is not None else None
        return _wrapped(following or Reply(status, answer_fields(headers), body), chat)

    def translate(status: int, headers: Pairs) -> Translation:
        inner = step.translate(status, headers) if step.translate is not None else None
        outer = _translation(inner.headers if inner is not None else answer_fields(headers), chat)
        return outer if inner is None else _Chained(inner, outer)

    return replace(step, adaptations=chat.adaptations + step.adaptations, translate=translate, on_error=on_error)


def _translation(headers: Pairs, chat: ChatRequest) -> ChatStream | ChatDocument:
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    created = int(time.time())
    if kind.lower().startswith("text/event-stream"):
        return ChatStream(
            _head(headers, "text/event-stream; charset=utf-8"),
            created=created,
            include_usage=chat.include_usage,
            legacy_functions=chat.legacy_functions,
        )
    return ChatDocument(_head(headers, "application/json"), created=created, legacy_functions=chat.legacy_functions)


def _answer(reply: Reply, chat: ChatRequest) -> Reply:
    if reply.status >= 400:
        return _reply(reply.status, reply.headers, chat_error(reply.status, reply.body))
    translation = _translation(reply.headers, chat)
    return Reply(reply.status, translation.headers, translation.feed(reply.body) + translation.finish())


def _with_models(step: Attempt | Reply) -> Attempt | Reply:
    if isinstance(step, Reply) and step.status < 400:
        return _reply(step.status, step.headers, models_for_both(step.body))
    return step


def _reply(status: int, headers: Pairs, body: bytes) -> Reply:
    return Reply(status, _head(headers, "application/json"), body)


def _head(headers: Pairs, content_type: str) -> Pairs:
    """The fields of an answer whose body is ours; OpenAI's clients look for the request's id under their own name."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OF_THE_BODY]
    names = {name.lower(): value for name, value in kept}
    if "request-id" in names and "x-request-id" not in names:
        kept.append(("x-request-id", names["request-id"]))
    return [("Content-Type", content_type), *kept]


class _Chained:
    """One translation after the other."""

    def __init__(self, first: Translation, second: Translation) -> None:
        self._first = first
        self._second = second
        self.headers = second.headers
        self.ping = second.ping
        self.over = False
        self.metrics = first.metrics

    def feed(self, chunk: bytes) -> bytes:
        return self._then(self._first.feed(chunk))

    def finish(self) -> bytes:
        return self._then(self._first.finish()) + self._second.finish()

    def _then(self, translated: bytes) -> bytes:
        out = self._second.feed(translated)
        self.over = self._first.over or self._second.over
        self.metrics = self._first.metrics
        return out
