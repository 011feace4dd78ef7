"""The kinds of requests that Claude Code makes outside the conversation, by the form of their bodies.

The forms are those observed with Claude Code 2.1.197 and 2.1.332.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from typing import Any

from candela_tui.protocol.claude_code.session_clues import first_user_text, user_texts
from candela_tui.protocol.claude_code.user_text import first_words
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.raw_json import NULL, decode_json, raw_members
from candela_tui.protocol.request import MessagesRequest, role_and_content, texts

_PROBES = frozenset({".", "Hi", "quota", "test"})
"""The client's prompts for one token, which check whether a model, a key or a limit allows requests."""
_CLASSIFIER = "You are a security monitor for autonomous AI coding agents."
"""The beginning of the system prompt of auto mode's classifier."""
_COMPACTION = b"Your task is to create a detailed summary of the "
_COMPACTION_BEGINNINGS = ("CRITICAL: Respond with TEXT ONLY", _COMPACTION.decode())
"""Beginnings of the last text of a request for a summary: the first since about 2.1.0, the second before."""
_SIDE_QUESTION = "<system-reminder>This is a side question from the user."
"""The beginning of a question by ``/btw``."""
_BILLING = "x-anthropic-billing-header:"
_SUB_AGENT = "cc_is_subagent=true"
"""The mark of a sub-agent's request, in the first block of the system prompt."""
_CACHE_MARK = b'"cache_control":'
"""Never matches inside a text, where quotes are escaped."""
_PREFIX_BYTES = 4096
_TAIL_BYTES = 64 * 1024
"""How far from the end of a request the instructions for a summary may begin: they have some 6 kB, and the user's own
follow them."""


def kind_of_messages(request: MessagesRequest | None) -> Kind:
    """Return the kind of a Messages request, by the form of its body."""
    if request is None:
        return Kind.MESSAGES
    return next((kind for kind, has_form in _FORMS if has_form(request)), Kind.MESSAGES)


def has_kind(request: MessagesRequest, kinds: AbstractSet[Kind]) -> bool:
    """Return whether a Messages request is of one of these kinds, without reading more than that takes."""
    if Kind.MESSAGES in kinds:
        return kind_of_messages(request) in kinds
    left = sum(kind in kinds for kind, _ in _FORMS)
    for kind, has_form in _FORMS:
        if not left:
            break
        if has_form(request):
            return kind in kinds
        left -= kind in kinds
    return False


def without_attribution(system: Any) -> Any:
    """Return a decoded system prompt without the client's block for the bill, which differs from request to request."""
    if not isinstance(system, list):
        return system
    return [block for block in system if not (isinstance(block, dict) and _is_attribution(block.get("text")))]


def _is_attribution(text: object) -> bool:
    return isinstance(text, str) and text.startswith(_BILLING)


def inferred_agent(request: MessagesRequest) -> str | None:
    """Return an id for the sub-agent that made a request, or None for the main agent.

    Requests whose conversations begin with the same words of the user belong to the same sub-agent: nothing names the
    task that started it.
    """
    # The client escapes nothing in it, so most requests need no decoding.
    if _SUB_AGENT.encode() not in bytes(memoryview(request.system)[: 2 * _PREFIX_BYTES]):
        return None
    first = next(texts(request.system, _PREFIX_BYTES), "")
    if not first.startswith(_BILLING) or _SUB_AGENT not in first:
        return None
    words = next((text for text in user_texts(request) if first_words(text)), "")
    return f"inferred-{blake2b(words.strip().encode('utf-8', 'replace'), digest_size=6).hexdigest()}"


def _probes(request: MessagesRequest) -> bool:
    return request.max_tokens == 1 and len(request.messages) == 1 and first_user_text(request) in _PROBES


def _asks_title(request: MessagesRequest) -> bool:
    """Return whether a request asks for a title: it has no tools, and its answer has one field."""
    if request.tools or len(request.messages) > 2:
        return False
    config = decode_json(request.output_config)
    for name in ("format", "schema", "properties"):
        config = config.get(name) if isinstance(config, dict) else None
    return isinstance(config, dict) and set(config) == {"title"}


def _asks_classifier(request: MessagesRequest) -> bool:
    """Return whether auto mode asks a model to judge a tool call or a sub-agent, or the provider for its verdict."""
    if request.max_tokens == 0:
        return decode_json(request.safeguards) is not None
    return not request.tools and any(text.startswith(_CLASSIFIER) for text in texts(request.system, _PREFIX_BYTES))


def _asks_summary(request: MessagesRequest) -> bool:
    if not request.messages or _COMPACTION not in bytes(memoryview(request.messages[-1])[-_TAIL_BYTES:]):
        return False
    # A text that only mentions it, such as a file that a tool read, does not begin with it.
    return any(
        text.startswith(_COMPACTION_BEGINNINGS) and _COMPACTION.decode() in text for text in _last_texts(request)
    )


def _asks_beside(request: MessagesRequest) -> bool:
    """Return whether a request is outside the conversation in another way.

    That is a side question of the user, a web search by a tool, or a request without tools that marks nothing for the
    cache, such as one for a summary of a web page.
    """
    if not request.tools and next(texts(request.system, _PREFIX_BYTES), "").startswith(_BILLING):
        return not any(_CACHE_MARK in bytes(raw) for raw in (request.system, *request.messages[-2:]))
    if len(request.tools) == 1 and len(request.messages) == 1:
        tool = decode_json((raw_members(request.tools[0]) or {}).get("type", NULL))
        if isinstance(tool, str) and tool.startswith("web_search_"):
            return True
    # The client escapes nothing in it, so most requests need no decoding.
    if not request.messages or _SIDE_QUESTION.encode() not in bytes(request.messages[-1]):
        return False
    return any(text.startswith(_SIDE_QUESTION) for text in _last_texts(request))


def _last_texts(request: MessagesRequest) -> Iterator[str]:
    """Yield the beginnings of the last message's texts, if it is the user's."""
    if request.messages:
        role, content = role_and_content(request.messages[-1])
        if role == "user":
            yield from texts(content, _PREFIX_BYTES)


_FORMS: tuple[tuple[Kind, Callable[[MessagesRequest], bool]], ...] = (
    (Kind.PROBE, _probes),
    (Kind.TITLE, _asks_title),
    (Kind.CLASSIFIER, _asks_classifier),
    (Kind.COMPACTION, _asks_summary),
    (Kind.SIDE, _asks_beside),
)
"""The first form that a request has decides. The last two search its last message, which may be long."""
