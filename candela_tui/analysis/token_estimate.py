"""How many tokens a part of a prompt is, estimated without a tokenizer: nobody publishes that of the current models.

A text is estimated from how many letters, digits, words and so on it has. The weights were fitted to real counts: 131
pairs of consecutive requests in six published transcripts of Claude Code 2.1.220 (claude-opus-5 and claude-fable-5),
where one prompt exceeds the one before by a known answer and known tool results. Fitted to five of the transcripts,
they estimate the tool results of the sixth with a median error of 4.3% (nine in ten: less than 13%). Bytes alone miss
by 9.3% (26%). Older tokenizers count fewer tokens, for most kinds of text; parts of a measured prompt are scaled to it.
"""

import math
import re

from candela_tui.protocol.model_ids import model_name

_LETTER, _SIGN, _OTHER = b"a.\x20"
_CLASSES = bytes(
    _LETTER
    if chr(octet).isascii() and chr(octet).isalpha()
    else _OTHER
    # A byte beyond ASCII is neither a letter nor a sign: its weight is its own.
    if octet >= 0x80 or chr(octet).isalnum() or chr(octet) in " \t\r\n"
    else _SIGN
    for octet in range(256)
)
_DIGITS = b"0123456789"
_LINE_ENDS = b"\r\n\t"
_PER_LETTER = 0.268
_PER_DIGIT = 0.69
_PER_LINE_END = 0.897
_PER_BYTE_BEYOND_ASCII = 0.122
_PER_WORD = 0.938
_PER_SIGNS = 1.048
"""For each run of other characters, such as ``);``."""

PER_RESULT = 9.3
"""Tokens around the content of a tool result."""
PER_CALL = 42
"""Tokens around the arguments of a tool call; they themselves have ``CALL_WEIGHT`` times the tokens of such text."""
CALL_WEIGHT = 1.08

_PER_SIGNATURE_BYTE = 0.282
_SIGNATURE_HEAD = 200
"""Bytes of a signature that are there without any thought."""

_SAMPLE = 2048
_SLICES = 8
_ESCAPES = ((rb"\\", b"/"), (rb"\n", b"\n"), (rb"\t", b"\t"), (rb"\"", b'"'))
"""Those that are frequent, in an order in which none is taken for another, with what stands for it. (Two backslashes
are a sign, as one is.)"""

_DOCUMENT_PAGE = 2_250
"""Tokens a page: "1,500 to 3,000", https://platform.claude.com/docs/en/build-with-claude/pdf-support."""
_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_BYTES_A_PAGE = 50_000
"""Of documents whose pages are compressed, so that they can't be counted. A guess."""

_PATCH = 28
"""Pixels of a patch's side. This and the limits: https://platform.claude.com/docs/en/build-with-claude/vision,
"Evaluate image size"."""
_USUAL_LIMITS = (1568, 1568)
_HIGH_LIMITS = (2576, 4784)
"""The longest side in pixels, and the most patches, of models from ``_HIGH_RESOLUTION`` on."""
_HIGH_RESOLUTION = (4, 7)
UNKNOWN_IMAGE = 1500.0
"""Tokens of an image whose size is not known, such as one that the provider fetches."""


def text_tokens(text: bytes) -> float:
    """Estimate the tokens of a text in UTF-8. Of a long text, evenly spread slices are looked at."""
    sample = _sample(text)
    return _sampled(sample) * (len(text) / len(sample)) if sample else 0.0


def json_tokens(raw: bytes | memoryview) -> float:
    """Estimate the tokens of a text from its JSON string or, with the names and signs in it, of any JSON value."""
    sample = _sample(raw)
    if not sample:
        return 0.0
    plain = sample
    if b"\\" in sample:
        for escape, character in _ESCAPES:
            plain = plain.replace(escape, character)
    return _sampled(plain) * (len(raw) / len(sample))


def thinking_tokens(text: bytes | memoryview, signature_bytes: int) -> float:
    """Estimate the tokens of a thinking block. What the client does not get to see is in its signature, whose size
    grows with it: correlation 0.998 over the same transcripts."""
    return max(json_tokens(text), _PER_SIGNATURE_BYTE * max(0, signature_bytes - _SIGNATURE_HEAD))


def image_tokens(width: int, height: int, model: str | None) -> int:
    """Return the tokens of an image, by the provider's formula: one for each patch after it was made to fit."""
    version = model_name(model).version if model else None
    side, most = _HIGH_LIMITS if version is not None and version >= _HIGH_RESOLUTION else _USUAL_LIMITS
    scale = min(1.0, side / max(width, height, 1))
    if _patches(width, height, scale) > most:
        scale = min(scale, math.sqrt(most * _PATCH**2 / (width * height)))
        while _patches(width, height, scale) > most:
            scale *= 0.995
    return _patches(width, height, scale)


def document_tokens(document: bytes) -> float:
    """Estimate the tokens of a PDF by its pages."""
    pages = len(_PAGE.findall(document)) or max(1, len(document) // _BYTES_A_PAGE)
    return float(pages * _DOCUMENT_PAGE)


def _patches(width: int, height: int, scale: float) -> int:
    return max(1, math.ceil(width * scale / _PATCH)) * max(1, math.ceil(height * scale / _PATCH))


def _sample(text: bytes | memoryview) -> bytes:
    if len(text) <= _SAMPLE:
        return bytes(text)
    step, size = len(text) // _SLICES, _SAMPLE // _SLICES
    return b"".join(bytes(text[start : start + size]) for start in range(0, step * _SLICES, step))


def _sampled(text: bytes) -> float:
    classes = text.translate(_CLASSES)
    words = classes.count(b" a") + classes.count(b".a") + classes.startswith(b"a")
    signs = classes.count(b" .") + classes.count(b"a.") + classes.startswith(b".")
    return (
        _PER_LETTER * classes.count(b"a")
        + _PER_DIGIT * _number_of(text, _DIGITS)
        + _PER_LINE_END * _number_of(text, _LINE_ENDS)
        + _PER_BYTE_BEYOND_ASCII * (len(text) - len(text.translate(None, _BEYOND_ASCII)))
        + _PER_WORD * words
        + _PER_SIGNS * signs
    )


_BEYOND_ASCII = bytes(range(0x80, 0x100))


def _number_of(text: bytes, octets: bytes) -> int:
    return len(text) - len(text.translate(None, octets))
