"""The rule: judges the tools of a request, and the calls in its answer."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from candela_tui.claude_code.permissions.paths import Place
from candela_tui.config import RulesSettings
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Translation, Upstream, with_following
from candela_tui.rules.matching import RequestFilter
from candela_tui.rules.reading import beside_the_loop, directory, is_large, parsed
from candela_tui.rules.refusal import refused
from candela_tui.rules.rule import RuleContext
from candela_tui.rules.tools.declared import judge_declared
from candela_tui.rules.tools.edited_answer import EditedAnswer
from candela_tui.rules.tools.held_calls import Verdicts
from candela_tui.rules.tools.judge import Judge, Judgement


def rule(settings: RulesSettings, context: RuleContext) -> "ToolRules | None":
    """Make the rule, or return None if it is off."""
    if not settings.tools:
        return None
    tried = [each.model_copy(update={"dry_run": True}) if settings.dry_run else each for each in settings.tools]
    filters = {number: RequestFilter(each.match, context.spending) for number, each in enumerate(tried) if each.match}
    return ToolRules(Judge(tried), filters, str(Path.home()))


class ToolRules:
    """Applies all rules about tools, in their order."""

    name = "rules.tools"

    def __init__(self, judge: Judge, filters: Mapping[int, RequestFilter], home: str) -> None:
        """``filters`` are those of the rules that are not about every request, by their numbers from 0."""
        self._judge = judge
        self._filters = filters
        self._waits = judge.judges_declared or any(each.may_wait for each in filters.values())
        """Whether the filters have to be read before a request is sent."""
        self._home = home

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        """Refuse the request, or pass it on without some tools, and judge the calls in its answer."""
        at_once = not (self._waits or is_large(request))
        judge = self._judge if at_once else await self._judging(request)
        if judge.judges_declared:
            request, found, lost = await beside_the_loop(request, partial(_declared, judge))
            request.noted.extend(dict.fromkeys(judgement.action for judgement in found))
            refusing = next((each for each in found if each.rule.action == "refuse" and not each.rule.dry_run), lost)
            if refusing is not None:
                does = "demands" if refusing is lost else "declares"
                words = (
                    f'candela refuses a request that {does} the tool {refusing.tool}: the rule "{refusing.name}" '
                    f"denies {refusing.pattern}. Start without that tool, or change the rule."
                )
                return refused(request, refusing.name, words, "tool_not_allowed")
        step = await upstream.attempt(request)
        if isinstance(step, Reply) or not judge.judges_calls:
            return step
        if judge.needs_directory and is_large(request):
            await beside_the_loop(request, directory)

        def judging() -> tuple[Judge, Place]:
            # Read only for an answer with a call that may be denied: most have none.
            found = self._judging_now(request) if at_once else judge
            return found, Place(self._home, directory(request) if found.needs_directory else None)

        return _edited(step, request, Verdicts(judge.concerns, judging, request.noted.append))

    async def _judging(self, request: ClientRequest) -> Judge:
        """Return the judge with the rules that are about a request."""
        others = {number for number, wanted in self._filters.items() if not await wanted.matches(request)}
        return self._judge.without(others)

    def _judging_now(self, request: ClientRequest) -> Judge:
        return self._judge.without(
            {number for number, wanted in self._filters.items() if not wanted.matches_now(request)}
        )


def _declared(judge: Judge, request: ClientRequest) -> tuple[ClientRequest, list[Judgement], Judgement | None]:
    # Only what the model is asked to answer: the tokens of a tool that is left out are not counted either way.
    if parsed(request).operation in FREE_KINDS:
        return request, [], None
    return judge_declared(request, judge.of_declared)


def _edited(step: Attempt | Reply, request: ClientRequest, verdicts: Verdicts) -> Attempt | Reply:
    """Return the attempt with the answer to it, and to those that follow it, judged."""
    if isinstance(step, Reply):
        return step

    def translate(status: int, headers: HeaderList) -> Translation:
        inner = step.translate(status, headers) if step.translate is not None else None
        return EditedAnswer(inner, status, headers, request.dialect, verdicts)

    return with_following(replace(step, translate=translate), lambda following: _edited(following, request, verdicts))
