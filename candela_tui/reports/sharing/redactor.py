"""Replaces what looks private in texts and JSON: secrets, file paths and e-mail addresses."""

import re
from collections import Counter
from enum import StrEnum

import msgspec

from candela_tui.protocol.raw_json import decode_json, raw_items, raw_members, without_lone_surrogates
from candela_tui.redaction import REDACTED, is_secret_name, redact_text

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
_NAME = r"[\w.@+~#%,=-]"
_PATH = re.compile(
    # From the root of a Unix system, or from a home directory, with at least two names. Not within a URL.
    rf"(?<![\w/:.~@%<-])(?:~{_NAME}*/|/{_NAME}+/){_NAME}+(?:/{_NAME}*)*"
    # Of Windows: from a drive, or of a network share.
    r"|(?<![\w/])[A-Za-z]:[\\/][^\s\"'<>|*?:,;]+|(?<![\w\\])\\\\[\w.$-]+\\[^\s\"'<>|*?:,;]+"
)
_SURROUNDED = re.compile(re.escape(REDACTED))
_SIGNATURE = "signature"
"""The provider's signature of thinking, which is not a credential."""


class Private(StrEnum):
    """What is replaced, in the words of the list of what was done."""

    CREDENTIAL = "secret"
    PATH = "path"
    EMAIL = "e-mail address"
    BODY = "body left out"

    def counted(self, number: int) -> str:
        """Return so many of them in words."""
        if number == 1:
            return f"1 {self}"
        plural = {Private.EMAIL: "e-mail addresses", Private.BODY: "bodies left out"}.get(self, f"{self}s")
        return f"{number:,} {plural}"


class Redactor:
    """Replaces what looks private, and counts it. The same path or address always becomes the same ``[path 1]``."""

    def __init__(self) -> None:
        self.found: Counter[Private] = Counter()
        self._numbers: dict[str, dict[str, int]] = {"path": {}, "e-mail": {}}

    def text(self, text: str) -> str:
        """Return a text with secrets, e-mail addresses and paths replaced."""
        before = len(_SURROUNDED.findall(text)) if REDACTED in text else 0
        text = redact_text(text)
        if REDACTED in text:
            self.found[Private.CREDENTIAL] += len(_SURROUNDED.findall(text)) - before
        if "@" in text:
            text, number = _EMAIL.subn(lambda found: self._numbered("e-mail", found[0]), text)
            self.found[Private.EMAIL] += number
        if "/" in text or "\\" in text:
            text, number = _PATH.subn(lambda found: self._numbered("path", found[0].rstrip("/")), text)
            self.found[Private.PATH] += number
        return text

    def _numbered(self, name: str, value: str) -> str:
        numbers = self._numbers[name]
        return f"[{name} {numbers.setdefault(value, len(numbers) + 1)}]"

    def summary(self) -> str:
        """Return what was replaced so far, in words: ``2 secrets, 1 path``."""
        return ", ".join(each.counted(self.found[each]) for each in Private if self.found[each]) or "nothing"

    def json(self, raw: msgspec.Raw | bytes) -> bytes | None:
        """Return a JSON document with the texts in it redacted, and the strings whose names are those of secrets; None
        if it is not JSON, or nested too deeply.

        Decodes one text at a time, because the decoder holds the interpreter's lock.
        """
        if not isinstance(raw, msgspec.Raw):
            raw = _whole(raw) or _whole(without_lone_surrogates(raw) or b"") or msgspec.Raw()
        try:
            return b"".join(self._json(raw)) if bytes(raw) else None
        except RecursionError:
            return None

    def _json(self, raw: msgspec.Raw) -> list[bytes]:
        first = bytes(memoryview(raw)[:1])
        if first == b'"':
            text = decode_json(raw)
            return [msgspec.json.encode(self.text(text if isinstance(text, str) else ""))]
        if first == b"{":
            members = [self._member(name, value) for name, value in (raw_members(raw) or {}).items()]
            return [b"{", b",".join(members), b"}"]
        if first == b"[":
            return [b"[", b",".join(b"".join(self._json(item)) for item in raw_items(raw)), b"]"]
        return [bytes(raw)]

    def _member(self, name: str, value: msgspec.Raw) -> bytes:
        written = msgspec.json.encode(self.text(name))
        if name != _SIGNATURE and is_secret_name(name) and bytes(memoryview(value)[:1]) == b'"':
            self.found[Private.CREDENTIAL] += 1
            return written + b":" + msgspec.json.encode(REDACTED)
        return written + b":" + b"".join(self._json(value))


def _whole(body: bytes) -> msgspec.Raw | None:
    try:
        return msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
