"""Tell whether an answer was recorded already: when it crossed the proxy, by an earlier import, or in another file."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from candela_tui.store.recorded_answers import RecordedAnswer

_BEFORE: Final = timedelta(seconds=5)
"""A client's clock reads the same time as candela's, but for the time of writing a line."""
_AFTER: Final = timedelta(minutes=1)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class KnownAnswers:
    """Finds answers by the ids of their provider.

    Message and request ids are unique at Anthropic, but not behind each gateway. So an id alone is not enough: the
    answer is also of the same session, or at the same time. A fork keeps the times of the answers that it copies.
    """

    def __init__(self, recorded: Iterable[RecordedAnswer] = ()) -> None:
        self._by_id: dict[str, list[RecordedAnswer]] = {}
        self._without_id: dict[datetime, RecordedAnswer] = {}
        """Imported ones without an id, by the time at which they began."""
        for answer in recorded:
            self.add(answer)

    def add(self, answer: RecordedAnswer) -> None:
        """Remember another answer."""
        if answer.message_id is None and answer.request_id is None:
            self._without_id[answer.started_at] = answer
        for each in {answer.message_id, answer.request_id} - {None}:
            assert each is not None
            self._by_id.setdefault(each, []).append(answer)

    def find(
        self, session_id: str | None, message_id: str | None, request_id: str | None, at: datetime
    ) -> RecordedAnswer | None:
        """Return the answer with one of these ids that is of this session or was being given at this time.

        Without an id, it is the one that was imported with the same time.
        """
        if message_id is None and request_id is None:
            return self._without_id.get(at)
        for each in (message_id, request_id):
            for answer in self._by_id.get(each or "", ()):
                same_session = session_id is not None and answer.session_id == session_id
                ended_at = answer.ended_at + _AFTER if answer.ended_at is not None else _NEVER
                if same_session or answer.started_at - _BEFORE <= at <= ended_at:
                    return answer
        return None
