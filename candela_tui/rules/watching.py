"""Shows a rule the events of a response as they pass."""

import logging
from collections.abc import Callable
from dataclasses import replace

from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.protocol.sse import ServerSentEvent
from candela_tui.providers.translations import fields_behind
from candela_tui.providers.upstream import Attempt, Reply, Translation, with_following

logger = logging.getLogger(__name__)

Watch = Callable[[ServerSentEvent], None]
"""Gets each event of a stream before the client does: server-sent events, and events in Bedrock's frames."""


def watched(step: Attempt | Reply, watch: Watch) -> Attempt | Reply:
    """Return the attempt with every event of its response, and of the responses to its further attempts, passed to
    ``watch``. The bytes stay the same, except that their Content-Encoding is removed. If ``watch`` raises, it is not
    called for the rest of the response, which passes on."""
    if isinstance(step, Reply):
        return step

    def translate(status: int, headers: HeaderList) -> Translation:
        return _Watched(step.translate(status, headers) if step.translate is not None else None, status, headers, watch)

    return with_following(replace(step, translate=translate), lambda following: watched(following, watch))


class _Watched:
    """A translation that passes the output of another one, or a response without translation, to ``watch``."""

    def __init__(self, inner: Translation | None, status: int, headers: HeaderList, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch
        self._failed = False
        self.headers = fields_behind(inner, headers)
        self._decoder = AnswerDecoder(status, header(self.headers, "content-type") or "", most_text=0)
        self.ping = b"" if inner is None else inner.ping
        self.over = False
        self.metrics: tuple[tuple[str, str], ...] = ()

    def feed(self, chunk: bytes) -> bytes:
        return self._shown(chunk if self._inner is None else self._inner.feed(chunk))

    def finish(self) -> bytes:
        return self._shown(b"" if self._inner is None else self._inner.finish())

    def _shown(self, data: bytes) -> bytes:
        if self._inner is not None:
            self.over, self.metrics = self._inner.over, self._inner.metrics
        if not self._failed:
            try:
                for event in self._decoder.feed(data):
                    self._watch(event)
            except Exception:
                self._failed = True
                logger.exception("a rule failed on an answer, which passed on")
        return data
