"""Where candela stores secrets on this machine."""

from collections.abc import Sequence

from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.vault.choice import known_passphrase
from candela_tui.credentials.vault.os_keyring import usable_keyring
from candela_tui.credentials.vault.secret_service import Collection, default_collection
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext

TOPIC = Topic("credentials.keyring", "Keyring")
_WITHOUT_DESKTOP = "Without a desktop, such as over SSH, use an encrypted file: `candela auth login --store file`."


def check_keyring(context: DoctorContext) -> Sequence[CheckResult]:
    """Report which one there is, and whether it can be read now. Does not ask to unlock it. Blocks."""
    file = context.paths.vault
    try:
        accounts = Accounts(context.paths.accounts).all()
    except CredentialsError as error:
        return [TOPIC.bad(str(error))]
    wants_keyring = any(account.store == "keyring" for account in accounts.values())
    wants_file = any(account.store == "file" for account in accounts.values())
    if wants_file and known_passphrase(file, context.environ) is None:
        return [
            TOPIC.warn(
                f"the encrypted file {file} is used, and this shell has no passphrase for it",
                "Set CANDELA_PASSPHRASE where candela starts, or unlock it there: `candela auth unlock`.",
            )
        ]
    if wants_file:
        return [TOPIC.ok(f"the encrypted file {file} is used, and CANDELA_PASSPHRASE is set")]
    backend = usable_keyring()
    if backend is None:
        words = "none in this session (no Secret Service, KWallet, Keychain or Credential Manager)"
        if wants_keyring:
            fix = (
                "Start candela in a session with the keyring, or sign in again with `candela auth login --store file`."
            )
            return [TOPIC.bad(f"{words}, but a sign-in is stored in one", fix)]
        return [TOPIC.ok(words, "`candela auth login` then stores secrets in an encrypted file.")]
    name = str(backend.name)
    match default_collection(backend):
        case Collection.UNLOCKED:
            return [TOPIC.ok(f"{name}, unlocked")]
        case Collection.UNKNOWN:
            return [TOPIC.ok(f"{name}; whether it is locked is not known before it is used")]
        case Collection.LOCKED:
            words = f"{name} is locked"
            fix = "Unlock it: log in to the desktop, or wait for its dialog when candela needs the secret."
        case Collection.MISSING:
            words = f"{name} has no keyring yet"
            fix = "The first sign-in creates one and asks for its password in a dialog."
    fix = f"{fix} {_WITHOUT_DESKTOP}"
    return [TOPIC.bad(f"{words}, and a sign-in is stored in it", fix) if wants_keyring else TOPIC.warn(words, fix)]
