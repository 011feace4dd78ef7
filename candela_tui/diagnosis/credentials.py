"""What candela could sign in with at each provider, and what one that runs made of it. Nothing leaves the machine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from candela_tui.attach.client import Client
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.provider import Desk, Finding, ProviderName
from candela_tui.credentials.sign_in.talk import Abandoned
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.credentials.vault.choice import Vault
from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.examine import Examination, in_thread
from candela_tui.diagnosis.in_use import default_provider, providers_in_use
from candela_tui.diagnosis.patient import Patient
from candela_tui.proxy.listen import running_candela
from candela_tui.store.errors import StoreError

_TITLES: dict[ProviderName, str] = {
    "anthropic": "Credentials for Anthropic",
    "gcp": "Credentials for Google",
    "aws": "Credentials for AWS",
}
_LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class _Need:
    name: ProviderName
    in_use: bool
    is_default: bool

    @property
    def sign_in(self) -> str:
        """What mends it."""
        return f"Run `candela auth login --provider {self.name}`."


def credential_examinations() -> list[Examination]:
    """One for each provider."""
    return [_examination(name) for name in registry.NAMES]


def _examination(name: ProviderName) -> Examination:
    topic = Topic(f"credentials.{name}", _TITLES[name])

    async def look(patient: Patient) -> Sequence[Check]:
        provider = await in_thread(lambda: registry.provider(name))
        used = await in_thread(lambda: providers_in_use(patient))
        need = _Need(name, name in used, name == default_provider(patient))
        found = _check(topic, need, await provider.find(desk(patient)))
        state = next((one for one in await in_thread(lambda: _states(patient)) if one.provider == name), None)
        return [_with_state(found, state, topic, need)]

    return Examination(topic, look, _LIMIT_S)


def desk(patient: Patient) -> Desk:
    """One at which nothing is kept, and nothing secret is read."""

    async def nothing_kept() -> tuple[Store, Vault]:
        raise Abandoned

    async def nothing_opened(_account: Account) -> Vault:
        raise Abandoned

    accounts = Accounts(patient.paths.accounts)
    return Desk(patient.settings, patient.paths.config, accounts, nothing_kept, nothing_opened)


def _check(topic: Topic, need: _Need, findings: list[Finding]) -> Check:
    usable = [finding for finding in findings if finding.usable]
    broken = [finding for finding in findings if not finding.usable]
    if usable:
        best, *others = usable
        return topic.ok(_words(best) + (f" (also {', '.join(one.source for one in others)})" if others else ""))
    words = "; ".join(map(_words, broken)) or "there are none"
    if need.name == "anthropic" and not broken:
        return topic.ok("candela has none of its own: Claude Code's key or login passes untouched")
    if need.is_default and need.name != "anthropic":
        return topic.bad(f"{words}; the default route goes there", need.sign_in)
    return topic.warn(words, need.sign_in) if need.in_use else topic.ok(f"not set up: {words}")


def _with_state(found: Check, state: CredentialState | None, topic: Topic, need: _Need) -> Check:
    """The same, with what the candela that runs saw when it used them."""
    if state is None or state.standing is Standing.NONE:
        return found
    if state.standing is Standing.REFUSED:
        return topic.bad(f"{found.words}; the candela that runs: {state.words}", need.sign_in)
    until = f" until {_local(state.until)}" if state.until is not None else ""
    if state.standing is Standing.EXPIRES_SOON:
        return topic.warn(f"{found.words}; in use{until}, and can't be renewed: {state.words}", need.sign_in)
    return replace(found, words=f"{found.words}; in use{until}")


def _states(patient: Patient) -> tuple[CredentialState, ...]:
    port = patient.settings.proxy.port
    running = running_candela(port)
    if running is None or running.data_dir != str(patient.paths.data):
        return ()
    try:
        return Client(port, patient.paths.token).credentials()
    except StoreError:
        return ()


def _local(moment: datetime) -> str:
    local = moment.astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return f"{local:%H:%M}" if today else f"{local:%Y-%m-%d %H:%M}"


def _words(finding: Finding) -> str:
    return f"{finding.source}: {finding.detail}" if finding.detail else finding.source
