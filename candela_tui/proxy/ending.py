"""How an exchange ended, by what the relay noted and what its answer says."""

from candela_tui.exchange import Outcome
from candela_tui.protocol.errors import ApiError, error_from_body
from candela_tui.protocol.messages import AnswerDecoder
from candela_tui.proxy.tap import Tap


def ending(tap: Tap, answer: AnswerDecoder | None, *, readable: bool) -> tuple[Outcome, ApiError | None]:
    """Of an exchange that is over. ``readable``: the answer could be decoded to its end."""
    broke_off = tap.outcome in (Outcome.CUT, Outcome.CANCELLED)
    if tap.outcome is not None and not broke_off:
        return tap.outcome, tap.error
    if answer is not None and answer.fold.error is not None:
        return Outcome.ERROR, answer.fold.error
    # A client may leave, or a provider hang up, as soon as message_stop has come: that is a whole answer.
    whole = answer is not None and answer.streamed and answer.fold.stopped
    if tap.outcome is not None and not whole:
        return tap.outcome, tap.error
    if tap.status is not None and tap.status >= 400:
        return Outcome.ERROR, error_from_body(tap.status, b"")
    if answer is not None and answer.streamed and not whole and readable:
        return Outcome.CUT, ApiError("cut", "the stream ended before message_stop")
    return Outcome.OK, None
