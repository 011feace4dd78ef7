"""How an exchange ended, by what the relay noted and what its answer says."""

from candela_tui.exchange import ENDED_EARLY, Outcome
from candela_tui.protocol.encoding import BadEncoding, CutShort
from candela_tui.protocol.errors import ApiError, error_from_body, error_type
from candela_tui.protocol.messages import AnswerDecoder
from candela_tui.proxy.tap import Tap

_NOT_BILLED = frozenset({Outcome.ERROR, Outcome.BLOCKED})


def ending(
    tap: Tap, answer: AnswerDecoder | None, trouble: BadEncoding | None, *, of_message: bool
) -> tuple[Outcome, ApiError | None]:
    """Of an exchange that is over. ``trouble``: why its answer could not be decoded, or not to its end; ``of_message``:
    a message was asked for."""
    broke_off = tap.outcome in (Outcome.CUT, Outcome.CANCELLED)
    if tap.outcome is not None and not broke_off:
        return tap.outcome, tap.error
    status = tap.status or 0
    if status >= 400 and trouble is not None:
        return Outcome.ERROR, ApiError(error_type(status), f"HTTP {status}, and {undecodable(trouble)}")
    if answer is not None and answer.fold.error is not None:
        return Outcome.ERROR, answer.fold.error
    # A client may leave, or a provider hang up, as soon as message_stop has come: that is a whole answer.
    whole = answer is not None and answer.streamed and answer.fold.stopped
    if tap.outcome is not None:
        return (Outcome.OK, None) if whole else (tap.outcome, tap.error)
    if status >= 400:
        return Outcome.ERROR, error_from_body(status, b"")
    if trouble is not None:
        return _undecodable(trouble) if of_message else (Outcome.OK, None)
    if answer is not None and of_message and answer.failure is not None:
        return Outcome.ERROR, answer.failure
    if answer is not None and answer.incomplete:
        where = "before message_stop" if answer.streamed else "in the middle of its JSON"
        return Outcome.CUT, ApiError("cut", f"the {'stream' if answer.streamed else 'answer'} ended {where}")
    return Outcome.OK, None


def _undecodable(trouble: BadEncoding) -> tuple[Outcome, ApiError]:
    outcome = Outcome.CUT if isinstance(trouble, CutShort) else Outcome.ERROR
    return outcome, ApiError("cut" if outcome is Outcome.CUT else "api_error", undecodable(trouble))


def undecodable(trouble: BadEncoding) -> str:
    """Why an answer could not be decoded, in words."""
    return f"the answer can't be decoded: {trouble}"


def unread(
    tap: Tap, answer: AnswerDecoder | None, trouble: BadEncoding | None, outcome: Outcome, *, counted: bool
) -> str | None:
    """Why it is not known what a message that was asked for cost, or not all of it; None: it is known, or it was
    nothing. ``counted``: its usage is known."""
    if tap.status is not None and tap.status >= 300:
        return None
    if trouble is not None and tap.outcome is None:
        return undecodable(trouble)
    if answer is not None and answer.too_long:
        return "the answer is longer than candela reads"
    if counted:
        counts = answer.fold.unread_counts if answer is not None else ()
        return f"the usage has counts that are not whole numbers: {', '.join(counts)}" if counts else None
    # An error that the provider states is not billed; of a page in its place, or of nothing, nobody knows.
    if outcome is Outcome.BLOCKED or (answer is not None and answer.fold.error is not None):
        return None
    if tap.status is None:
        reached = tap.connected_ms is not None and outcome not in _NOT_BILLED
        return "it ended before the provider answered" if reached else None
    return "the answer states no usage" if outcome is Outcome.OK else ENDED_EARLY
