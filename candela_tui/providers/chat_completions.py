"""Claude on Vertex AI for clients of OpenAI's chat completions. Messages and other requests are passed on.

This wraps an upstream for Messages: its attempts, its translation and its error handling. Retries and the mapping of
errors are therefore those of the wrapped upstream.
"""

import asyncio
import time
from dataclasses import replace
from functools import partial

from candela_tui.credentials.owner import NONE_ACCEPTED
from candela_tui.network.header_fields import answer_fields
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import HeaderList, header
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
from candela_tui.protocol.parsed_request import is_chat
from candela_tui.providers.translations import Chained
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Translation, Upstream

_ELSEWHERE = ("/responses", "/completions", "/embeddings", "/images", "/audio", "/moderations", "/files", "/batches")
# The client's key is for OpenAI, and the response must be unencoded to be translated.
_NOT_PASSED_ON = ("authorization", "x-api-key", "accept-encoding", "content-type", "content-encoding")
_OF_THE_BODY = ("content-type", "content-length", "content-encoding")
_LARGE = 256 * 1024
"""The size from which translation runs in a thread, to not block the event loop: it takes about 0.5 ms for 90 KB."""
_STRUCTURED = b'"format":{"type":"json_schema"'


class OpenAi:
    """Translates chat completions to Messages for another upstream, which the caller owns."""

    accepts = NONE_ACCEPTED

    def __init__(self, messages: Upstream, *, cached: bool = True) -> None:
        """``cached`` adds cache breakpoints to the prompt of a chat."""
        self._messages = messages
        self._to_messages = partial(to_messages, cached=cached)

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return the Messages attempt for a chat, or the other upstream's attempt for any other request."""
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
        """Do nothing: the other upstream belongs to the caller."""

    async def _chat(self, asked: ClientRequest, query: str) -> Attempt | Reply:
        try:
            body = decode_whole(header(asked.headers, "content-encoding") or "", asked.body)
            chat = await asyncio.to_thread(self._to_messages, body) if len(body) > _LARGE else self._to_messages(body)
        except InvalidChat as error:
            return _reply(400, [], invalid_chat(error))
        except BadEncoding as error:
            return _reply(400, [], invalid_chat(InvalidChat(f"the request's Content-Encoding does not fit: {error}")))
        headers = [(name, value) for name, value in asked.headers if not _own(name)]
        headers += [("Content-Type", "application/json"), ("Accept-Encoding", "identity")]
        return _wrapped(
            await self._messages.attempt(replace(asked, path="/v1/messages" + query, headers=headers, body=chat.body)),
            chat,
        )


def _own(name: str) -> bool:
    """Return whether a header field is meant only for OpenAI."""
    return name.lower() in _NOT_PASSED_ON or name.lower().startswith("openai-")


def _wrapped(step: Attempt | Reply, chat: ChatRequest) -> Attempt | Reply:
    """Return the other upstream's step with its response translated to OpenAI's format."""
    if isinstance(step, Reply):
        return _answer(step, chat)
    if chat.structured and _STRUCTURED not in step.request.body:
        # The provider accepts no schema for this model. Free text would break a client that relies on the schema.
        words = (
            f"response_format: {step.provider} gives no structured outputs from {step.model or 'this model'}. Ask a"
            ' newer model, or for {"type": "json_object"} with the schema in your prompt.'
        )
        return _reply(400, [], invalid_chat(InvalidChat(words, "response_format")))

    async def on_error(status: int, headers: HeaderList, body: bytes) -> Attempt | Reply:
        following = await step.on_error(status, headers, body) if step.on_error is not None else None
        return _wrapped(following or Reply(status, answer_fields(headers), body), chat)

    def translate(status: int, headers: HeaderList) -> Translation:
        inner = step.translate(status, headers) if step.translate is not None else None
        outer = _translation(inner.headers if inner is not None else answer_fields(headers), chat)
        return outer if inner is None else Chained(inner, outer)

    return replace(
        step,
        adaptations=chat.adaptations + step.adaptations,
        translate=translate,
        on_error=on_error,
        on_failure=partial(_answer, chat=chat),
    )


def _translation(headers: HeaderList, chat: ChatRequest) -> ChatStream | ChatDocument:
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


def _reply(status: int, headers: HeaderList, body: bytes) -> Reply:
    return Reply(status, _head(headers, "application/json"), body)


def _head(headers: HeaderList, content_type: str) -> HeaderList:
    """Return the headers for a body that candela wrote. OpenAI's clients expect the request id as x-request-id."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OF_THE_BODY]
    names = {name.lower(): value for name, value in kept}
    if "request-id" in names and "x-request-id" not in names:
        kept.append(("x-request-id", names["request-id"]))
    return [("Content-Type", content_type), *kept]
