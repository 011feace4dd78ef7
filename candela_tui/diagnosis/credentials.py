"""What candela could sign in with at each provider. Nothing leaves the machine for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.provider import Desk, Finding, ProviderName
from candela_tui.credentials.sign_in.talk import Abandoned
from candela_tui.credentials.vault.choice import Vault
from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.examine import Examination, in_thread
from candela_tui.diagnosis.in_use import default_provider, providers_in_use
from candela_tui.diagnosis.patient import Patient

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


def credential_examinations() -> list[Examination]:
    """One for each provider."""
    return [_examination(name) for name in registry.NAMES]


def _examination(name: ProviderName) -> Examination:
    topic = Topic(f"credentials.{name}", _TITLES[name])

    async def look(patient: Patient) -> Sequence[Check]:
        provider = await in_thread(lambda: registry.provider(name))
        need = _Need(
            name, name in await in_thread(lambda: providers_in_use(patient)), name == default_provider(patient)
        )
        return [_check(topic, need, await provider.find(desk(patient)))]

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
    sign_in = f"Run `candela auth login --provider {need.name}`."
    if usable:
        best, *others = usable
        return topic.ok(_words(best) + (f" (also {', '.join(one.source for one in others)})" if others else ""))
    words = "; ".join(map(_words, broken)) or "there are none"
    if need.name == "anthropic" and not broken:
        return topic.ok("candela has none of its own: Claude Code's key or login passes untouched")
    if need.is_default and need.name != "anthropic":
        return topic.bad(f"{words}; the default route goes there", sign_in)
    return topic.warn(words, sign_in) if need.in_use else topic.ok(f"not set up: {words}")


def _words(finding: Finding) -> str:
    return f"{finding.source}: {finding.detail}" if finding.detail else finding.source
