"""An answer as content blocks, whether it was streamed or not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from candela_tui.protocol.answer_decoder import TOOL_CALLS, AnswerDecoder, ContentBlock
from candela_tui.protocol.encoding import BadEncoding, CutShort, answer_decoder_for
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.headers import Headers, header
from candela_tui.protocol.raw_json import decode_json


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    blocks: tuple[Any, ...] = ()
    """The content blocks in the form in which a whole answer has them."""
    error: ApiError | None = None
    """An error instead of a message, or within it."""
    trouble: str | None = None
    """Why the bytes, or the rest of them, can't be decoded."""


def read_answer(status: int | None, headers: Headers, chunks: Iterable[bytes]) -> Answer:
    """Decode the body of an answer. One that broke off has the blocks that arrived."""
    decoder = AnswerDecoder(status or 0, (header(headers, "content-type") or "").lower())
    trouble = None
    try:
        encoding = answer_decoder_for(header(headers, "content-encoding") or "")
        for chunk in chunks:
            decoder.feed(encoding.feed(chunk))
        decoder.feed(encoding.finish())
    except CutShort:
        pass
    except BadEncoding as error:
        trouble = str(error)
    decoder.finish()
    fold = decoder.fold
    blocks = tuple(_block(block) for _, block in sorted(fold.blocks.items()))
    return Answer(blocks, fold.error or decoder.failure, trouble)


def _block(block: ContentBlock) -> Any:
    """Return a block as a whole answer would have it."""
    if block.type == "text":
        return {**block.start, "text": block.text}
    if block.type == "thinking":
        return {**block.start, "thinking": block.text}
    if block.type in TOOL_CALLS and block.pieces:
        arguments = decode_json(block.text.encode("utf-8", "replace"))
        return {**block.start, "input": block.text if arguments is None else arguments}
    return block.start
