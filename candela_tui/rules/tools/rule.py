"""The rule: judges the tools of a request, and the calls in its answer."""

from dataclasses import replace
from pathlib import Path

from candela_tui.claude_code.permissions.paths import Place
from candela_tui.config import RulesSettings
from candela_tui.ledger.running import Spending
from candela_tui.protocol.claude_code.session_clues import session_clues
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Translation, Upstream
from candela_tui.rules.reading import beside_the_loop, parsed
from candela_tui.rules.refusal import refused
from candela_tui.rules.tools.declared import judge_declared
from candela_tui.rules.tools.edited_answer import EditedAnswer
from candela_tui.rules.tools.held_calls import Verdicts
from candela_tui.rules.tools.judge import Judge, Judgement


def rule(settings: RulesSettings, _: Spending) -> "ToolRules | None":
    """Make the rule, or return None if it is off."""
    if not settings.tools:
        return None
    tried = [each.model_copy(update={"dry_run": True}) if settings.dry_run else each for each in settings.tools]
    return ToolRules(Judge(tried), str(Path.home()))


class ToolRules:
    """Applies all rules about tools, in their order."""

    name = "rules.tools"

    def __init__(self, judge: Judge, home: str) -> None:
        self._judge = judge
        self._home = home

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        """Refuse the request, or pass it on without some tools, and judge the calls in its answer."""
        if self._judge.judges_declared:
            request, found = await beside_the_loop(request, self._declared)
            request.noted.extend(dict.fromkeys(judgement.action for judgement in found))
            refusing = next((each for each in found if each.rule.action == "refuse" and not each.rule.dry_run), None)
            if refusing is not None:
                words = (
                    f'candela refuses a request that declares the tool {refusing.tool}: the rule "{refusing.name}" in '
                    f"config.toml denies {refusing.pattern}. Start without that tool, or change the rule."
                )
                return refused(request, refusing.name, words)
        step = await upstream.attempt(request)
        if isinstance(step, Reply) or not self._judge.judges_calls:
            return step
        cwd = await beside_the_loop(request, _directory) if self._judge.needs_directory else None
        return _edited(step, request, Verdicts(self._judge, Place(self._home, cwd), request.noted.append))

    def _declared(self, request: ClientRequest) -> tuple[ClientRequest, list[Judgement]]:
        # Only what the model is asked to answer: the tokens of a tool that is left out are not counted either way.
        if parsed(request).kind in FREE_KINDS:
            return request, []
        return judge_declared(request, self._judge.of_declared)


def _directory(request: ClientRequest) -> str | None:
    body = parsed(request).request
    return session_clues(body).cwd if body is not None else None


def _edited(step: Attempt | Reply, request: ClientRequest, verdicts: Verdicts) -> Attempt | Reply:
    """Return the attempt with the answer to it, and to those that follow it, judged."""
    if isinstance(step, Reply):
        return step

    async def on_error(status: int, headers: HeaderList, body: bytes) -> Attempt | Reply | None:
        following = await step.on_error(status, headers, body) if step.on_error is not None else None
        return _edited(following, request, verdicts) if following is not None else None

    def translate(status: int, headers: HeaderList) -> Translation:
        inner = step.translate(status, headers) if step.translate is not None else None
        return EditedAnswer(inner, status, headers, request.dialect, verdicts)

    return replace(step, translate=translate, on_error=on_error if step.on_error is not None else None)
