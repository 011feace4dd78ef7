"""A request as a curl command for a POSIX shell."""

import re
import shlex
from pathlib import Path

from candela_tui.exchange import Exchange
from candela_tui.protocol.headers import HOP_BY_HOP, REDACTED, header

_CURLS_OWN = frozenset({"accept-encoding", "content-length", "expect", "host"})
"""Fields that curl writes itself, right for what it sends."""
_VARIABLES = {"authorization": "ANTHROPIC_AUTH_TOKEN"}
"""Where the secret of a header field is, if not in ANTHROPIC_API_KEY: a key is no bearer token."""
_NATIVE_PREFIXES = {"vertex": "/vertex/v1", "bedrock": "/bedrock"}
"""Of the routes whose paths do not begin with /proxy/NAME."""
_USUAL_ADDRESS = "127.0.0.1:8181"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_IN_DOUBLE_QUOTES = re.compile(r'[\\"$`]')


def fits_a_command(body: bytes) -> bool:
    """Whether a command can hold the body; else it is to be in a file. A terminal into which a command is pasted acts
    on control characters, and a shell holds no null character at all."""
    try:
        return _CONTROLS.search(body.decode()) is None
    except UnicodeDecodeError:
        return False


def curl_command(exchange: Exchange, body: bytes | Path | None) -> str:
    """The command that sends the client's own request again: to Anthropic itself, where it went there; else by way of
    candela, which puts it into its provider's form and signs it, as it did.

    A secret that was redacted is read from ``$ANTHROPIC_API_KEY`` (a bearer token from ``$ANTHROPIC_AUTH_TOKEN``)
    when the command runs. A body of bytes stands in the command, so it must fit one, and goes out with a newline more
    at its end; a path is read when the command runs.
    """
    url = _url(exchange)
    parts = ["curl"]
    if re.search(r"[][{}]", url):
        parts.append("--globoff")
    if exchange.streamed:
        parts.append("--no-buffer")
    parts.append("--compressed")
    parts.append("--head" if exchange.method == "HEAD" else f"--request {shlex.quote(exchange.method)}")
    parts.append(shlex.quote(url))
    parts += [f"--header {field}" for field in _fields(exchange)]
    if body is None or body == b"":
        return _joined(parts)
    names = {name.lower() for name, _ in exchange.request_headers}
    if "content-type" not in names:
        parts.append("--header 'Content-Type:'")
    if isinstance(body, Path):
        return _joined([*parts, f"--data-binary {shlex.quote(f'@{body}')}"])
    text = body.decode()
    end = _delimiter(text)
    # The quotes keep the shell from reading anything into the body.
    here = f"--data-binary @- <<'{end}'"
    return f"{_joined([*parts, here])}\n{text}\n{end}\n"


def _url(exchange: Exchange) -> str:
    path, question, query = exchange.path.partition("?")
    if exchange.provider == "anthropic" and exchange.url:
        return f"{exchange.url}{question}{query}"
    address = header(exchange.request_headers, "host") or _USUAL_ADDRESS
    prefix = _NATIVE_PREFIXES.get(exchange.route, f"/proxy/{exchange.route}")
    return f"http://{address}{prefix}{path}{question}{query}"


def _fields(exchange: Exchange) -> list[str]:
    fields = []
    for name, value in exchange.request_headers:
        low = name.lower()
        if low in HOP_BY_HOP or low in _CURLS_OWN:
            continue
        if REDACTED in value:
            if low == "cookie":
                continue
            said = _IN_DOUBLE_QUOTES.sub(r"\\\g<0>", f"{name}: {value.partition(REDACTED)[0]}")
            fields.append(f'"{said}${_VARIABLES.get(low, "ANTHROPIC_API_KEY")}"')
        else:
            # curl takes "Name:" as the wish to leave the field out.
            fields.append(shlex.quote(f"{name}: {value}" if value else f"{name};"))
    return fields


def _delimiter(text: str) -> str:
    lines = set(text.split("\n")) if "JSON" in text else set()
    name = "JSON"
    while name in lines:
        name += "_"
    return name


def _joined(parts: list[str]) -> str:
    return " \\\n  ".join(parts)
