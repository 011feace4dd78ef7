"""The keyring of the operating system: a real Secret Service (gnome-keyring) in a D-Bus session of its own."""

from collections.abc import Iterator
from pathlib import Path

import keyring.backend
import pytest
from keyring.errors import PasswordDeleteError

from candela_tui.credentials.sign_in.secret_storage import SecretStorage
from candela_tui.credentials.vault.choice import keyring_state, open_vault
from candela_tui.credentials.vault.errors import VaultError, VaultLocked
from candela_tui.credentials.vault.os_keyring import OsKeyring, usable_keyring
from candela_tui.credentials.vault.secret_service import Collection
from tests.credentials.sign_in.user import User
from tests.credentials.vault.secret_service import gnome_keyring, session_bus


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A D-Bus session, which the keyring package is led to."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with session_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


def opened() -> OsKeyring:
    backend = usable_keyring()
    assert backend is not None
    return OsKeyring(backend)


def test_a_secret_is_kept_found_again_and_forgotten(bus: str, tmp_path: Path) -> None:
    with gnome_keyring(tmp_path, bus):
        opened().write("anthropic-api-key", "sk-ant-grüße")
        assert opened().read("anthropic-api-key") == "sk-ant-grüße"
        opened().write("anthropic-api-key", "sk-ant-2")
        assert opened().read("anthropic-api-key") == "sk-ant-2"
        assert opened().read("another") is None
        assert opened().remove("anthropic-api-key") is True
        assert opened().remove("anthropic-api-key") is False
        assert opened().read("anthropic-api-key") is None


def test_a_locked_keyring_is_said_to_be_locked(bus: str, tmp_path: Path) -> None:
    with gnome_keyring(tmp_path, bus):
        opened().write("anthropic-api-key", "sk-ant-1")
    with gnome_keyring(tmp_path, bus, unlocked=False):
        assert keyring_state() is Collection.LOCKED
        with pytest.raises(VaultLocked, match=r"is locked: unlock it .* `candela auth login --store file`"):
            opened().read("anthropic-api-key")


def test_an_account_without_a_keyring_is_told_what_to_do_without_a_desktop(bus: str, tmp_path: Path) -> None:
    with gnome_keyring(tmp_path, bus, unlocked=False):
        assert keyring_state() is Collection.MISSING
        with pytest.raises(VaultError) as told:
            opened().write("anthropic-api-key", "sk-ant-1")
    assert "holds no keyring yet, and none was created" in str(told.value)
    assert "`candela auth login --store file`" in str(told.value)
    assert "collection" not in str(told.value)
    assert "Prompt" not in str(told.value)


async def test_without_a_desktop_such_an_account_is_offered_the_file(
    bus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "CANDELA_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    user = User("a passphrase", "a passphrase", choices=["file"])
    with gnome_keyring(tmp_path, bus, unlocked=False):
        store, _ = await SecretStorage(tmp_path / "vault.json", user).vault()
    assert store == "file"
    assert "This account has no keyring yet, and there is no desktop here to create one." in user.words
    monkeypatch.setenv("DISPLAY", ":0")
    with gnome_keyring(tmp_path, bus, unlocked=False):
        assert (await SecretStorage(tmp_path / "vault.json", User()).vault())[0] == "keyring"


def test_a_keyring_that_can_be_used_is_unlocked(bus: str, tmp_path: Path) -> None:
    with gnome_keyring(tmp_path, bus):
        assert keyring_state() is Collection.UNLOCKED


def test_a_keyring_that_ends_is_told_without_a_traceback(bus: str, tmp_path: Path) -> None:
    with gnome_keyring(tmp_path, bus):
        vault = opened()
    with pytest.raises(VaultError, match="can't be used") as told:
        vault.write("anthropic-api-key", "sk-ant-secret")
    assert "sk-ant-secret" not in str(told.value)


def test_without_a_keyring_it_says_what_there_is_instead(bus: str, tmp_path: Path) -> None:
    assert usable_keyring() is None
    with pytest.raises(VaultError, match="encrypted file under a passphrase"):
        open_vault("keyring", tmp_path / "vault.json", lambda: None)


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"])
def test_a_backend_that_keeps_nothing_is_none(bus: str, monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    assert usable_keyring() is None


class Windows(keyring.backend.KeyringBackend):
    """As strict as the Windows Credential Manager: 2560 bytes of UTF-16 an entry."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.fails_after: int | None = None

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        assert len(password.encode("utf-16-le")) <= 2560
        if self.fails_after is not None:
            self.fails_after -= 1
            if self.fails_after < 0:
                raise OSError("the disk is full")
        self.entries[username] = password

    def delete_password(self, service: str, username: str) -> None:
        if username not in self.entries:
            raise PasswordDeleteError
        del self.entries[username]


@pytest.mark.parametrize("secret", ["x" * 1200, "x" * 1201, "ä" * 5000, "candela-parts:2:abc"], ids=len)
def test_a_long_secret_fits_entries_of_windows_and_leaves_none_behind(secret: str) -> None:
    backend = Windows()
    vault = OsKeyring(backend)
    vault.write("google-credentials", secret)
    assert vault.read("google-credentials") == secret
    vault.write("google-credentials", "short")
    assert backend.entries == {"google-credentials": "short"}
    vault.write("google-credentials", secret)
    vault.remove("google-credentials")
    assert backend.entries == {}


@pytest.mark.parametrize("after", range(6))
def test_a_long_secret_that_could_not_be_kept_leaves_the_one_before(after: int) -> None:
    backend = Windows()
    vault = OsKeyring(backend)
    vault.write("google-credentials", "a" * 3000)
    backend.fails_after = after
    if after < 5:
        with pytest.raises(VaultError):
            vault.write("google-credentials", "b" * 4000)
        assert vault.read("google-credentials") == "a" * 3000
    else:
        vault.write("google-credentials", "b" * 4000)
        assert vault.read("google-credentials") == "b" * 4000
