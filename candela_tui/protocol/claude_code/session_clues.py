"""Facts about a session in one of its requests, read without decoding the whole conversation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from candela_tui.protocol.claude_code.user_text import LONGEST_WORDS, first_words, pasted_words
from candela_tui.protocol.raw_json import decode_json, text_prefix
from candela_tui.protocol.request import MessagesRequest, raw_texts, role_and_content, texts

_CWD = re.compile(r"^[ \t*-]*(?:Primary w|W)orking directory: *(\S[^\n]*)$", re.MULTILINE)
_BRANCH = re.compile(r"^Current branch: *(\S[^\n]*)$", re.MULTILINE)
_MODEL = re.compile(r"exact model ID is ([\w.\-:@/]*\w(?:\[\w+\])?)")
_BLOCKS = (
    b"You have been invoked in the following environment",
    b"You are powered by the model named",
    b"This is the git status at the start of the conversation",
)
"""Beginnings of the client's texts about its environment, model and git status, in reminders among the user's texts.

Claude Code 2.1.332 puts the git status there, and for models before 4.8 the other two as well. Other reminders contain
the user's files, which may mention directories and branches too.
"""
_LONGEST_CLUE = 400
_MOST_BLOCK_BYTES = 8 * 1024
"""How much of such a block is read; the client cuts a git status at 2 kB."""
_FIRST_MESSAGES = 4
"""How many messages at the beginning may hold what the client says about the session."""


@dataclass(frozen=True, slots=True)
class SessionClues:
    """Facts about a session in one request; None: not stated."""

    title: str | None = None
    """The first text of the user, without the client's additions, in one line of up to 200 characters."""
    cwd: str | None = None
    git_branch: str | None = None
    model: str | None = None
    """The client's name for the model, such as ``claude-opus-4-8[1m]``."""


def session_clues(request: MessagesRequest) -> SessionClues:
    """Read the session's title, directory, branch and model from a request of its main agent."""
    cwd = branch = model = None
    for text in _environment_texts(request):
        cwd = cwd or _found(_CWD, text)
        branch = branch or _found(_BRANCH, text)
        model = model or _found(_MODEL, text)
    if cwd is None:
        cwd, checked = _in_safeguards(request)
        branch = branch or checked
    return SessionClues(first_user_text(request), cwd, branch, model)


def _in_safeguards(request: MessagesRequest) -> tuple[str | None, str | None]:
    """Return the directory and branch in auto mode's safeguards: after ``/clear`` 2.1.332 states no others."""
    safeguards = decode_json(request.safeguards)
    first = safeguards[0] if isinstance(safeguards, list) and safeguards else None
    context = first.get("classifier_context") if isinstance(first, dict) else None
    if not isinstance(context, dict):
        return None, None
    git = context.get("git_state")
    found = context.get("live_cwd"), git.get("branch") if isinstance(git, dict) else None
    cwd, branch = (value[:_LONGEST_CLUE] or None if isinstance(value, str) else None for value in found)
    return cwd, branch


def _environment_texts(request: MessagesRequest) -> Iterator[str]:
    """Yield the texts of the system prompt, also those among the messages, and the blocks in reminders."""
    yield from texts(request.system)
    for message in request.messages[:_FIRST_MESSAGES]:
        role, content = role_and_content(message)
        if role in ("system", "developer"):
            yield from texts(content)
        elif role == "user":
            for raw in raw_texts(content):
                yield from _blocks_in_reminder(raw)


def _blocks_in_reminder(raw: msgspec.Raw) -> Iterator[str]:
    """Yield the known blocks of a reminder, found in its JSON text, since the part before them may be long."""
    view = memoryview(raw)
    if not bytes(view[:64]).lstrip(b'" \\nrt').startswith(b"<system-reminder>"):
        return
    literal = bytes(view)
    for beginning in _BLOCKS:
        at = literal.find(beginning)
        if at > 0:
            text = text_prefix(b'"' + literal[at : at + _MOST_BLOCK_BYTES], _MOST_BLOCK_BYTES)
            if text is not None:
                yield text


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match.group(1).strip()[:_LONGEST_CLUE] if match else None


def first_user_text(request: MessagesRequest) -> str | None:
    """Return the user's first words in the conversation, without the client's additions, cut at 200 characters.

    If the user only pasted something, these are its beginning.
    """
    found = list(user_texts(request))
    return next(filter(None, map(first_words, found)), None) or next(filter(None, map(pasted_words, found)), None)


def user_texts(request: MessagesRequest) -> Iterator[str]:
    """Yield the texts of the user's first messages, with the client's additions."""
    for message in request.messages[:_FIRST_MESSAGES]:
        role, content = role_and_content(message)
        if role == "user":
            yield from texts(content)


def title_in_answer(text: str) -> str | None:
    """Return the title in the answer to a title request of the client: ``{"title": "…"}``."""
    document = decode_json(text.encode("utf-8", "replace"))
    title = document.get("title") if isinstance(document, dict) else None
    return " ".join(title.split())[:LONGEST_WORDS] or None if isinstance(title, str) else None
