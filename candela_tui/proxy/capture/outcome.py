"""Decide how an exchange ended, from the relay's notes and the answer."""

from candela_tui.exchange import ENDED_EARLY, Outcome
from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.encoding import BadEncoding, CutShort
from candela_tui.protocol.errors import ApiError, error_from_body, error_type
from candela_tui.proxy.capture.raw_exchange import RawExchange

_NOT_BILLED = frozenset({Outcome.ERROR, Outcome.BLOCKED})


def ending(
    raw: RawExchange, answer: AnswerDecoder | None, trouble: BadEncoding | None, *, of_message: bool
) -> tuple[Outcome, ApiError | None]:
    """Return the outcome and error of an exchange that is over. ``trouble`` is the reason why its answer could not be
    decoded, or not to its end; ``of_message``: a message was requested."""
    broke_off = raw.outcome in (Outcome.CUT, Outcome.CANCELLED)
    if raw.outcome is not None and not broke_off:
        return raw.outcome, raw.error
    status = raw.status or 0
    if status >= 400 and trouble is not None:
        return Outcome.ERROR, ApiError(error_type(status), f"HTTP {status}, and {undecodable(trouble)}")
    if answer is not None and answer.fold.error is not None:
        return Outcome.ERROR, answer.fold.error
    # A client may disconnect, or a provider hang up, right after message_stop: the answer is complete.
    whole = answer is not None and answer.streamed and answer.fold.stopped
    if raw.outcome is not None:
        return (Outcome.OK, None) if whole else (raw.outcome, raw.error)
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
    """Say why an answer could not be decoded."""
    return f"the answer can't be decoded: {trouble}"


def unread(
    raw: RawExchange, answer: AnswerDecoder | None, trouble: BadEncoding | None, outcome: Outcome, *, counted: bool
) -> str | None:
    """Return why the cost of a message is not known, or not in full; None if it is known or the message was free.
    ``counted`` says that its usage is known."""
    if raw.status is not None and raw.status >= 300:
        return None
    if trouble is not None and raw.outcome is None:
        return undecodable(trouble)
    if answer is not None and answer.too_long:
        return "the answer is longer than candela reads"
    if counted:
        counts = answer.fold.unread_counts if answer is not None else ()
        return f"the usage has counts that are not whole numbers: {', '.join(counts)}" if counts else None
    # An error that the provider states is not billed; for a web page in its place, or nothing, that is not known.
    if outcome is Outcome.BLOCKED or (answer is not None and answer.fold.error is not None):
        return None
    if raw.status is None:
        reached = raw.connected_ms is not None and outcome not in _NOT_BILLED
        return "it ended before the provider answered" if reached else None
    return "the answer states no usage" if outcome is Outcome.OK else ENDED_EARLY
