"""A Messages request for another model than the one it was made for: spliced, not re-encoded.

The client makes each request for one model. What another model does not accept is left out, or takes the nearest form,
so that the request is not refused. Everything else stays as it is, byte for byte. Sources: ``generations`` and
``clouds.support_table``.
"""

import json
from dataclasses import dataclass

from candela_tui.protocol import generations
from candela_tui.protocol.clouds.request_scan import scan_request
from candela_tui.protocol.clouds.support_table import EFFORT_OF_MESSAGES, MID_CONVERSATION
from candela_tui.protocol.clouds.system_messages import fold_system_messages, remove_emptied_messages
from candela_tui.protocol.json_spans import Span
from candela_tui.protocol.json_splice import Path, Splice
from candela_tui.protocol.model_ids import model_name
from candela_tui.protocol.raw_json import decode_json

_CLEAR_THINKING = ("context_management", "edits", "clear_thinking_20251015")
_EFFORT = ("output_config", "effort")
_FALLEN_BACK_TO = "high"
"""The level of effort that every model with levels has, in place of one that it has not."""


@dataclass(frozen=True, slots=True)
class Refitted:
    """A request's body for another model."""

    body: bytes
    changed: tuple[str, ...]
    """What was left out or changed besides the model, in words."""


def for_other_model(body: bytes, model: str, named: str | None) -> Refitted:
    """Return the body for a model. ``named`` is how the body names it; None if the path does. Raises NotSpliceable."""
    request = _Request(body, model)
    if named is not None:
        request.name(named)
    request.fit()
    return Refitted(request.splice.rendered(), tuple(request.changed))


class _Request:
    def __init__(self, body: bytes, model: str) -> None:
        self.splice = Splice(body)
        self.changed: list[str] = []
        self._model = model

    def name(self, model: str) -> None:
        span = self.splice.member("model")
        if span is not None:
            self.splice.replace(span.value, span.end, json.dumps(model).encode())

    def fit(self) -> None:
        if model_name(self._model).version is None:
            # Nothing is known of it.
            return
        self._fit_thinking()
        self._fit_effort()
        self._fit_limit()
        if self.splice.member("speed") is not None and not generations.thinks_fast(self._model):
            self._remove(("speed",))
        self._fit_messages()

    def _fit_thinking(self) -> None:
        thinking = self.splice.member("thinking")
        kind = self._text("type", thinking) if thinking is not None else None
        if thinking is None:
            return
        if kind == "adaptive" and not generations.thinks_adaptively(self._model):
            self._remove(("thinking",))
            # It is refused without thinking.
            self._remove(_CLEAR_THINKING)
            for container in (("context_management", "edits"), ("context_management",)):
                self._remove_if_emptied(container)
        elif kind == "enabled" and not generations.takes_budget(self._model):
            if generations.thinks_adaptively(self._model):
                self.splice.replace(thinking.value, thinking.end, b'{"type":"adaptive"}')
                self.changed.append("thinking is adaptive")
            else:
                self._remove(("thinking",))

    def _fit_effort(self) -> None:
        config = self.splice.member("output_config")
        effort = self.splice.member("effort", config) if config is not None else None
        if effort is None:
            return
        levels = generations.effort_levels(self._model)
        if not levels:
            self._remove(_EFFORT)
            self._remove_if_emptied(("output_config",))
        elif decode_json(self.splice.raw(effort)) not in levels:
            self.splice.replace(effort.value, effort.end, json.dumps(_FALLEN_BACK_TO).encode())
            self.changed.append(f"output_config.effort is {_FALLEN_BACK_TO}")

    def _fit_limit(self) -> None:
        span, most = self.splice.member("max_tokens"), generations.longest_output(self._model)
        asked = decode_json(self.splice.raw(span)) if span is not None else None
        if span is not None and most is not None and isinstance(asked, int) and asked > most:
            self.splice.replace(span.value, span.end, str(most).encode())
            self.changed.append(f"max_tokens is {most}")

    def _fit_messages(self) -> None:
        model = model_name(self._model)
        scan = scan_request(self.splice.decodable(self.splice.root))
        if not scan.system_messages:
            return
        if model not in EFFORT_OF_MESSAGES and self._remove(("messages", "*", "output_config")):
            remove_emptied_messages(self.splice, scan.system_messages)
        if model not in MID_CONVERSATION:
            self._remove(("messages", "*", "clear_at"))
            if fold_system_messages(self.splice, scan.system_messages):
                self.changed.append("messages of role system are in the user's turn")

    def _remove(self, path: Path) -> bool:
        found = [spot for spot in self.splice.find(path) if not self.splice.is_removed(*spot)]
        for container, number in found:
            self.splice.remove(container, number)
        if found:
            self.changed.append(f"{'.'.join(path)} is left out")
        return bool(found)

    def _remove_if_emptied(self, path: Path) -> None:
        for container, number in list(self.splice.find(path)):
            if self.splice.empties(self.splice.inside(container)[number]):
                self.splice.remove(container, number)

    def _text(self, name: str, of: Span) -> object:
        span = self.splice.member(name, of)
        return decode_json(self.splice.raw(span)) if span is not None else None
