"""What candela could sign in with at each provider, and what one that runs made of it. Nothing leaves the machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from candela_tui.attach.client import Client
from candela_tui.attach.server import LocalServer
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in.interface import Finding, SignInContext
from candela_tui.credentials.sign_in.prompter import Abandoned
from candela_tui.credentials.state import CredentialState, Standing, needs_sign_in
from candela_tui.credentials.vault.choice import Vault
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.providers_in_use import default_provider, providers_in_use
from candela_tui.doctor.run_checks import Check, in_thread
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.registry import sign_in_to
from candela_tui.providers.survey import Survey, survey
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
        seen = await in_thread(lambda: running_states(context))
        [found] = await survey(_sign_in_context(context), [provider], seen, lambda _: sign_in)
        return [_result(topic, use, found)]

    return Check(topic, look, _LIMIT_S)


def _sign_in_context(context: DoctorContext) -> SignInContext:
    """One at which nothing is kept, and nothing secret is read."""

    async def nothing_kept() -> tuple[Store, Vault]:
        raise Abandoned

    async def nothing_opened(_account: Account) -> Vault:
        raise Abandoned

    accounts = Accounts(context.paths.accounts)
    vault = context.paths.vault
    return SignInContext(context.settings, context.paths.config, accounts, nothing_kept, nothing_opened, vault)


def _result(topic: Topic, use: _ProviderUse, found: Survey) -> CheckResult:
    state = found.state
    others = [one.source for one in found.findings if one.usable and _words(one) != state.words]
    also = f" (also {', '.join(others)})" if others else ""
    until = f" until {_local(state.until)}" if state.until is not None else ""
    said = f"{state.standing.value}{until}: {state.words}"
    match state.standing:
        case Standing.CLIENT:
            return topic.ok(f"{state.standing.value}: nothing to do ({state.words})")
        case Standing.FOUND | Standing.SIGNED_IN:
            return topic.ok(f"{said}{also}")
        case Standing.EXPIRES_SOON:
            return topic.warn(f"{said}; they can't be renewed", use.sign_in)
        case Standing.LOCKED | Standing.REFUSED:
            fix = use.sign_in if needs_sign_in(state) else ""
            return topic.bad(said, fix) if use.is_default else topic.warn(said, fix)
    words = state.words if found.findings else "there are none"
    if use.provider is Provider.ANTHROPIC and not found.findings:
        return topic.ok("candela has none of its own: Claude Code's key or login passes untouched")
    if use.is_default and use.provider is not Provider.ANTHROPIC:
        return topic.bad(f"{words}; the default route goes there", use.sign_in)
    return topic.warn(words, use.sign_in) if use.in_use else topic.ok(f"not set up: {words}")


def running_states(context: DoctorContext) -> tuple[CredentialState, ...] | None:
    """Return the states in the running candela, or None if none runs with this data directory."""
    port = context.settings.proxy.port
    running = running_candela(port)
    if running is None or running.data_dir != str(context.paths.data):
        return None
    try:
        return Client(LocalServer(port, context.paths.token)).credentials()
    except StoreError:
        return None


def _local(moment: datetime) -> str:
    local = moment.astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return f"{local:%H:%M}" if today else f"{local:%Y-%m-%d %H:%M}"


def _words(finding: Finding) -> str:
    return f"{finding.source}: {finding.detail}" if finding.detail else finding.source
