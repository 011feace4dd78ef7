"""How many tokens a part of a prompt is, estimated without a tokenizer: nobody publishes that of the current models.

A text is estimated from how many letters, digits, words and so on it has. The weights were fitted to real counts: pairs
of consecutive requests in published transcripts of sub-agents, where one prompt exceeds the one before by a known
answer and known tool results. docs/context.md says how far they are off. Parts of a measured prompt are scaled to it.

The newer tokenizer: 146 pairs in six transcripts of Claude Code 2.1.220 (claude-opus-5 and claude-fable-5, in
github.com/bg002h/bitcoin_tax). The older one: 218 pairs in 20 transcripts of 2.1.81 (claude-opus-4-6 and
claude-haiku-4-5, in github.com/AmitabhainArunachala/dharma_swarm).
"""

import math
import re
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Weights:
    """The tokens of what a text consists of."""

    letter: float
    digit: float
    line_end: float
    byte_beyond_ascii: float
    word: float
    signs: float
    """For each run of other characters, such as ``);``."""
    result: float
    """Around the content of a tool result."""


_NEW = _Weights(0.268, 0.69, 0.897, 0.122, 0.938, 1.048, 9.3)
_OLD = _Weights(0.087, 0.781, 1.854, 0.27, 0.507, 1.412, 60.0)
_NEW_TOKENIZER = (4, 7)
"""The version of models from which on the tokenizer is another one."""
_PER_CALL = 42
"""Tokens around the arguments of a tool call; they themselves have ``_CALL_WEIGHT`` times the tokens of such text."""
_CALL_WEIGHT = 1.08

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


class Estimator:
    """Estimates tokens for one model."""

    def __init__(self, model: str | None) -> None:
        self.model = model
        version = model_name(model).version if model else None
        self._weights = _OLD if version is not None and version < _NEW_TOKENIZER else _NEW
        self._limits = _HIGH_LIMITS if version is not None and version >= _HIGH_RESOLUTION else _USUAL_LIMITS

    def text(self, text: bytes) -> float:
        """Estimate the tokens of a text in UTF-8. Of a long text, evenly spread slices are looked at."""
        sample = _sample(text)
        return self._sampled(sample) * (len(text) / len(sample)) if sample else 0.0

    def json(self, raw: bytes | memoryview) -> float:
        """Estimate the tokens of a text from its JSON string or, with the names and signs in it, of any JSON value."""
        sample = _sample(raw)
        if not sample:
            return 0.0
        plain = sample
        if b"\\" in sample:
            for escape, character in _ESCAPES:
                plain = plain.replace(escape, character)
        return self._sampled(plain) * (len(raw) / len(sample))

    def call(self, arguments: bytes | memoryview) -> float:
        """Estimate the tokens of a tool call by its arguments."""
        return _PER_CALL + _CALL_WEIGHT * self.json(arguments)

    @property
    def around_result(self) -> float:
        """The tokens around the content of a tool result."""
        return self._weights.result

    def thinking(self, text: bytes | memoryview, signature_bytes: int) -> float:
        """Estimate the tokens of a thinking block. What the client does not get to see is in its signature, whose size
        grows with it: correlation 0.998 over the transcripts of the newer tokenizer."""
        return max(self.json(text), _PER_SIGNATURE_BYTE * max(0, signature_bytes - _SIGNATURE_HEAD))

    def image(self, width: int, height: int) -> int:
        """Return the tokens of an image, by the provider's formula: one for each patch after it was made to fit."""
        side, most = self._limits
        scale = min(1.0, side / max(width, height, 1))
        if _patches(width, height, scale) > most:
            scale = min(scale, math.sqrt(most * _PATCH**2 / (width * height)))
            while _patches(width, height, scale) > most:
                scale *= 0.995
        return _patches(width, height, scale)

    def _sampled(self, text: bytes) -> float:
        weights, classes = self._weights, text.translate(_CLASSES)
        words = classes.count(b" a") + classes.count(b".a") + classes.startswith(b"a")
        signs = classes.count(b" .") + classes.count(b"a.") + classes.startswith(b".")
        return (
            weights.letter * classes.count(b"a")
            + weights.digit * _number_of(text, _DIGITS)
            + weights.line_end * _number_of(text, _LINE_ENDS)
            + weights.byte_beyond_ascii * (len(text) - len(text.translate(None, _BEYOND_ASCII)))
            + weights.word * words
            + weights.signs * signs
        )


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


_BEYOND_ASCII = bytes(range(0x80, 0x100))


def _number_of(text: bytes, octets: bytes) -> int:
    return len(text) - len(text.translate(None, octets))
