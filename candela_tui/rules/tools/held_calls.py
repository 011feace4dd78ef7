"""Calls that are held back while they arrive, and what is decided about them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from candela_tui.claude_code.permissions.paths import Place
from candela_tui.claude_code.permissions.patterns import ToolCall
from candela_tui.protocol.raw_json import decode_like_javascript
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.rules.tools.judge import Judge, Judgement

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class HeldCall:
    """A call of which the client has nothing so far."""

    id: str
    tool: str
    begins_with: Any
    """The arguments in its first event."""
    pieces: list[bytes] = field(default_factory=list)
    """The events as they came."""
    arguments: list[str] = field(default_factory=list)
    """The parts of its arguments' JSON."""

    @property
    def call(self) -> ToolCall:
        """The whole call. Arguments that are no JSON object are none, as they are for the client."""
        text = "".join(self.arguments)
        found = decode_like_javascript(text.encode()) if text else self.begins_with
        return ToolCall(self.tool, found if isinstance(found, dict) else {})


class Verdicts:
    """Judges the calls of one answer, and notes what is done."""

    def __init__(
        self,
        may_concern: Callable[[str], bool],
        judging: Callable[[], tuple[Judge, Place]],
        note: Callable[[RuleAction], None],
    ) -> None:
        """``may_concern`` says whether any rule is about a tool. ``judging`` returns the judge with the rules that are
        about this request, and where its client is; it is called once, for the first such tool."""
        self._may_concern = may_concern
        self._judging = judging
        self._found: tuple[Judge, Place] | None = None
        self._note = note

    def concerns(self, tool: object) -> bool:
        """Return whether a call of a tool has to be held back."""
        return isinstance(tool, str) and self._may_concern(tool) and self._judge()[0].concerns(tool)

    def _judge(self) -> tuple[Judge, Place]:
        if self._found is None:
            self._found = self._judging()
        return self._found

    def of(self, call: ToolCall, call_id: str | None) -> Judgement | None:
        """Return what takes the place of a call; None: the call passes. Notes what was judged."""
        try:
            judge, place = self._judge()
            judgement = judge.of_call(call, place)
        except Exception:
            logger.exception("[rules.tools] failed on a call, which passed")
            return None
        if judgement is None:
            return None
        self._note(replace(judgement.action, call=call_id))
        return None if judgement.rule.dry_run or judgement.rule.action == "mark" else judgement


def stand_in(judgement: Judgement) -> dict[str, str]:
    """Return the arguments of the call in place of a refused one."""
    return {"rule": judgement.name, "why": judgement.words}
