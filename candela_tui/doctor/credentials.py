"""What candela could sign in with at each provider, and what one that runs made of it. Nothing leaves the machine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from candela_tui.attach.client import Client
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in.interface import Finding, SignInContext
from candela_tui.credentials.sign_in.prompter import Abandoned
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.credentials.vault.choice import Vault
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.providers_in_use import default_provider, providers_in_use
from candela_tui.doctor.run_checks import Check, in_thread
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.registry import sign_in_to
from candela_tui.proxy.listen import running_candela
from candela_tui.store.errors import StoreError

_LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class _ProviderUse:
    provider: Provider
    in_use: bool
    is_default: bool

    @property
    def sign_in(self) -> str:
        """How to fix it."""
        return f"Run `candela auth login --provider {PROVIDERS[self.provider].account}`."


def credential_checks() -> list[Check]:
    """One for each provider."""
    return [_check(provider) for provider in Provider]


def _check(provider: Provider) -> Check:
    info = PROVIDERS[provider]
    topic = Topic(f"credentials.{info.account}", f"Credentials for {info.short_title}")

    async def look(context: DoctorContext) -> Sequence[CheckResult]:
        sign_in = await in_thread(lambda: sign_in_to(provider))
        used = await in_thread(lambda: providers_in_use(context))
        use = _ProviderUse(provider, provider in used, provider is default_provider(context))
        found = _result(topic, use, await sign_in.find(_sign_in_context(context)))
        state = next((one for one in await in_thread(lambda: _states(context)) if one.provider is provider), None)
        return [_with_state(found, state, topic, use)]

    return Check(topic, look, _LIMIT_S)


def _sign_in_context(context: DoctorContext) -> SignInContext:
    """One at which nothing is kept, and nothing secret is read."""

    async def nothing_kept() -> tuple[Store, Vault]:
        raise Abandoned

    async def nothing_opened(_account: Account) -> Vault:
        raise Abandoned

    accounts = Accounts(context.paths.accounts)
    return SignInContext(context.settings, context.paths.config, accounts, nothing_kept, nothing_opened)


def _result(topic: Topic, use: _ProviderUse, findings: list[Finding]) -> CheckResult:
    usable = [finding for finding in findings if finding.usable]
    broken = [finding for finding in findings if not finding.usable]
    if usable:
        best, *others = usable
        return topic.ok(_words(best) + (f" (also {', '.join(one.source for one in others)})" if others else ""))
    words = "; ".join(map(_words, broken)) or "there are none"
    if use.provider is Provider.ANTHROPIC and not broken:
        return topic.ok("candela has none of its own: Claude Code's key or login passes untouched")
    if use.is_default and use.provider is not Provider.ANTHROPIC:
        return topic.bad(f"{words}; the default route goes there", use.sign_in)
    return topic.warn(words, use.sign_in) if use.in_use else topic.ok(f"not set up: {words}")


def _with_state(found: CheckResult, state: CredentialState | None, topic: Topic, use: _ProviderUse) -> CheckResult:
    """The same, with what the candela that runs saw when it used them."""
    if state is None or state.standing is Standing.NONE:
        return found
    if state.standing is Standing.REFUSED:
        return topic.bad(f"{found.words}; the candela that runs: {state.words}", use.sign_in)
    until = f" until {_local(state.until)}" if state.until is not None else ""
    if state.standing is Standing.EXPIRES_SOON:
        return topic.warn(f"{found.words}; in use{until}, and can't be renewed: {state.words}", use.sign_in)
    return replace(found, words=f"{found.words}; in use{until}")


def _states(context: DoctorContext) -> tuple[CredentialState, ...]:
    port = context.settings.proxy.port
    running = running_candela(port)
    if running is None or running.data_dir != str(context.paths.data):
        return ()
    try:
        return Client(port, context.paths.token).credentials()
    except StoreError:
        return ()


def _local(moment: datetime) -> str:
    local = moment.astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return f"{local:%H:%M}" if today else f"{local:%Y-%m-%d %H:%M}"


def _words(finding: Finding) -> str:
    return f"{finding.source}: {finding.detail}" if finding.detail else finding.source
