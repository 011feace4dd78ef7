"""The client program that sent a request, by its User-Agent.

Sources: RFC 9110, section 10.1.5 (``product/version``); Anthropic's and OpenAI's SDKs write ``OpenAI/Python 2.1.0``;
programs that use OpenRouter's conventions name themselves in ``X-Title`` (openrouter.ai/docs, App Attribution).
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from candela_tui.protocol.headers import first_values
from candela_tui.text.terminal_safe import is_terminal_safe

_CLAUDE_CODE = "claude-cli"
_NAMES = {_CLAUDE_CODE: "Claude Code"}
"""The names that people use for programs with another product token."""
_PRODUCT = re.compile(r"(?P<name>[\w.+-]+)(?:/(?P<version>[\w.+-]+))?(?: (?P<sdk_version>\d[\w.+-]*))?", re.ASCII)
_LONGEST = 60
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def client_of(headers: Iterable[tuple[str, str]]) -> str | None:
    """Return the program and its version, or None if the request names none.

    Such as ``claude-cli/2.1.332``, ``OpenAI/Python 2.1.0`` or ``Cline``.
    """
    fields = first_values(headers)
    return client_named(fields.get("x-title"), fields.get("user-agent"))


@lru_cache(maxsize=100)
def client_named(title: str | None, user_agent: str | None) -> str | None:
    """Return the same by the values of the two fields. A client sends the same ones with each request."""
    title = " ".join((title or "").split())
    if title and is_terminal_safe(title):
        return title[:_LONGEST]
    product = _PRODUCT.match(user_agent or "")
    if product is None:
        return None
    name, version, sdk_version = product["name"], product["version"], product["sdk_version"]
    if version is None:
        return name[:_LONGEST]
    written = f"{name}/{version} {sdk_version}" if sdk_version and not version[0].isdigit() else f"{name}/{version}"
    return written[:_LONGEST]


def program_name(client: str) -> str:
    """Return the program without its version, as people call it: ``Claude Code``, ``OpenAI/Python``."""
    head, space, last = client.rpartition(" ")
    if space and last[:1].isdigit():
        return head
    name, _, version = client.partition("/")
    return _NAMES.get(name, name if version[:1].isdigit() else client)


def is_claude_code(client: str | None) -> bool:
    """Return whether the program is Claude Code."""
    return client is not None and client.partition("/")[0] == _CLAUDE_CODE


def claude_code_version(client: str | None) -> tuple[int, int, int] | None:
    """Return the version of Claude Code, such as ``(2, 1, 332)``; None for another program or an unknown version."""
    found = _VERSION.match(client.partition("/")[2]) if client is not None and is_claude_code(client) else None
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
