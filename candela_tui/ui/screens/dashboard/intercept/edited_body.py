"""The body of a held request as text to edit, and what is wrong with the edited text."""

import json
from typing import NoReturn

import msgspec

from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import Headers, header

_INDENT = 2


def editable(body: bytes, headers: Headers) -> bytes | None:
    """Return a request's body in lines, or None if its Content-Encoding can't be decoded. Numbers, escapes and order
    stay as they are."""
    try:
        plain = decode_whole(header(headers, "content-encoding") or "", body)
    except BadEncoding:
        return None
    return msgspec.json.format(plain, indent=_INDENT)


def problem(text: bytes) -> str | None:
    """Return why a text can't be a request's body, or None if it can."""
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if not error.doc[error.pos :].strip():
            return f"It ends in line {error.lineno}, before the JSON is complete."
        return f"It is not valid JSON at line {error.lineno}, column {error.colno}."
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        return f"It is not UTF-8 in line {line}."
    except ValueError as error:
        return f"{error} is not a JSON value."
    except RecursionError:
        return "It is nested too deep."
    return None if isinstance(document, dict) else "It must be a JSON object: { … }."


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
