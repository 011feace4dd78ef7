"""A request as a curl command for a POSIX shell."""

import re
import shlex
from pathlib import Path

from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import HOP_BY_HOP
from candela_tui.redaction import REDACTED
from candela_tui.reports.request_url import client_url
from candela_tui.text.terminal_safe import escape_unsafe, is_terminal_safe, is_terminal_safe_lines

_CURLS_OWN = frozenset({"accept-encoding", "content-length", "expect", "host"})
"""Header fields that curl sets correctly itself."""
_VARIABLES = {"authorization": "ANTHROPIC_AUTH_TOKEN"}
"""The environment variable with a header field's secret, if not ANTHROPIC_API_KEY: a key is not a bearer token."""
_IN_DOUBLE_QUOTES = re.compile(r'[\\"$`]')


def fits_a_command(body: bytes) -> bool:
    """Return whether a command can contain the body; otherwise it must be a file. Terminals act on control characters
    in pasted commands, and no shell can hold a null character."""
    try:
        return is_terminal_safe_lines(body.decode())
    except UnicodeDecodeError:
        return False


def curl_command(exchange: Exchange, body: bytes | Path | None) -> str:
    """Return a command that sends the client's request again: to Anthropic if it went there, otherwise through candela,
    which maps and signs it for its provider as it did before.

    A redacted secret is read from ``$ANTHROPIC_API_KEY`` (a bearer token from ``$ANTHROPIC_AUTH_TOKEN``) when the
    command runs. A body of bytes is part of the command, so it must fit one, and is sent with an extra newline at its
    end; a path is read when the command runs.
    """
    url = client_url(exchange)
    parts = ["curl"]
    if re.search(r"[][{}]", url):
        parts.append("--globoff")
    if exchange.streamed:
        parts.append("--no-buffer")
    parts.append("--compressed")
    parts.append("--head" if exchange.method == "HEAD" else f"--request {shlex.quote(exchange.method)}")
    parts.append(_quoted(url))
    parts += [f"--header {field}" for field in _fields(exchange)]
    if body is None or body == b"":
        return _joined(parts)
    names = {name.lower() for name, _ in exchange.request_headers or ()}
    if "content-type" not in names:
        parts.append("--header 'Content-Type:'")
    if isinstance(body, Path):
        return _joined([*parts, f"--data-binary {_quoted(f'@{body}')}"])
    text = body.decode()
    end = _delimiter(text)
    # The quotes keep the shell from interpreting the body.
    here = f"--data-binary @- <<'{end}'"
    return f"{_joined([*parts, here])}\n{text}\n{end}\n"


def _fields(exchange: Exchange) -> list[str]:
    fields = []
    for name, value in exchange.request_headers or ():
        low = name.lower()
        if low in HOP_BY_HOP or low in _CURLS_OWN:
            continue
        if REDACTED in value:
            if low == "cookie":
                continue
            beginning = f"{name}: {value.partition(REDACTED)[0]}"
            fields.append(f'"{_in_double_quotes(beginning)}${_VARIABLES.get(low, "ANTHROPIC_API_KEY")}"')
        else:
            # curl takes "Name:" as a request to omit the field.
            fields.append(_quoted(f"{name}: {value}" if value else f"{name};"))
    return fields


def _quoted(text: str) -> str:
    """Quote a word for the shell, using only characters that are safe on a terminal."""
    return shlex.quote(text) if is_terminal_safe(text) else f'"{_printf(text)}"'


def _in_double_quotes(text: str) -> str:
    return _IN_DOUBLE_QUOTES.sub(r"\\\g<0>", text) if is_terminal_safe(text) else _printf(text)


def _printf(text: str) -> str:
    """Return a command substitution that outputs the text: printf(1) accepts bytes as octal numbers."""
    form = text.replace("\\", "\\\\").replace("%", "%%").replace("\t", "\\t").replace("\n", "\\n")
    return f"$(printf {shlex.quote(escape_unsafe(form, _octal))})"


def _octal(character: str) -> str:
    # Some surrogates stand for a byte that was not UTF-8; no encoding can represent the others.
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "replace"
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", errors))


def _delimiter(text: str) -> str:
    lines = set(text.split("\n")) if "JSON" in text else set()
    name = "JSON"
    while name in lines:
        name += "_"
    return name


def _joined(parts: list[str]) -> str:
    return " \\\n  ".join(parts)
