"""What candela could sign in with at each provider. Nothing leaves the machine for it."""

from collections.abc import Sequence

from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.provider import Desk, Finding, ProviderName
from candela_tui.credentials.sign_in.talk import Abandoned
from candela_tui.credentials.vault.choice import Vault
from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.examine import Examination, in_thread
from candela_tui.diagnosis.in_use import default_provider
from candela_tui.diagnosis.patient import Patient

_TITLES: dict[ProviderName, str] = {
    "anthropic": "Credentials for Anthropic",
    "gcp": "Credentials for Google",
    "aws": "Credentials for AWS",
}
_LIMIT_S = 15.0


def credential_examinations() -> list[Examination]:
    """One for each provider."""
    return [_examination(name) for name in registry.NAMES]


def _examination(name: ProviderName) -> Examination:
    topic = Topic(f"credentials.{name}", _TITLES[name])

    async def look(patient: Patient) -> Sequence[Check]:
        provider = await in_thread(lambda: registry.provider(name))
        return [_check(topic, name, patient, await provider.find(desk(patient)))]

    return Examination(topic, look, _LIMIT_S)


def desk(patient: Patient) -> Desk:
    """One at which nothing is kept, and nothing secret is read."""

    async def nothing_kept() -> tuple[Store, Vault]:
        raise Abandoned

    async def nothing_opened(_account: Account) -> Vault:
        raise Abandoned

    accounts = Accounts(patient.paths.accounts)
    return Desk(patient.settings, patient.paths.config, accounts, nothing_kept, nothing_opened)


def _check(topic: Topic, name: ProviderName, patient: Patient, findings: list[Finding]) -> Check:
    usable = [finding for finding in findings if finding.usable]
    broken = [finding for finding in findings if not finding.usable]
    sign_in = f"Run `candela auth login --provider {name}`."
    needed = name == default_provider(patient)
    if not findings and name == "anthropic":
        return topic.ok("candela has none of its own: Claude Code's key or login passes untouched")
    if not findings:
        words = "there are none"
        return topic.bad(f"{words}, and the default route goes there", sign_in) if needed else topic.ok(words)
    if not usable:
        words = "; ".join(map(_words, broken))
        return topic.bad(words, sign_in) if needed else topic.warn(words, sign_in)
    best, *others = usable
    words = _words(best)
    if broken and findings.index(broken[0]) < findings.index(best):
        return topic.warn(f"{words}; before it {_words(broken[0])}", sign_in)
    return topic.ok(words + (f" (also {', '.join(one.source for one in others)})" if others else ""))


def _words(finding: Finding) -> str:
    return f"{finding.source}: {finding.detail}" if finding.detail else finding.source
