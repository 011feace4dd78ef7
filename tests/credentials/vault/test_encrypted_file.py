"""Secrets under a passphrase: kept from everybody else, and never lost to a mistake."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.credentials.vault.errors import VaultError, VaultLocked

CHEAP = 2**4
SECRET = "sk-ant-api03-very-secret-grüße"


def file(path: Path, passphrase: str | None = "correct horse") -> EncryptedFile:
    return EncryptedFile(path / "vault.json", lambda: passphrase, cost=CHEAP)


def test_what_was_kept_is_read_again_with_the_passphrase(tmp_path: Path) -> None:
    file(tmp_path).write("anthropic-api-key", SECRET)
    file(tmp_path).write("other", "x" * 10_000)
    assert file(tmp_path).read("anthropic-api-key") == SECRET
    assert file(tmp_path).read("other") == "x" * 10_000
    assert file(tmp_path).read("none") is None


def test_the_file_is_its_owners_and_tells_neither_secrets_nor_names(tmp_path: Path) -> None:
    file(tmp_path).write("anthropic-api-key", SECRET)
    path = tmp_path / "vault.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"very-secret" not in path.read_bytes()
    assert b"anthropic-api-key" not in path.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("attempt", [lambda v: v.read("anthropic-api-key"), lambda v: v.write("other", "x")])
def test_another_passphrase_opens_nothing_and_changes_nothing(
    tmp_path: Path, attempt: Callable[[EncryptedFile], object]
) -> None:
    file(tmp_path).write("anthropic-api-key", SECRET)
    before = (tmp_path / "vault.json").read_bytes()
    with pytest.raises(VaultLocked, match="that is not its passphrase") as told:
        attempt(file(tmp_path, "battery staple"))
    assert "battery" not in str(told.value)
    assert (tmp_path / "vault.json").read_bytes() == before


def test_where_nobody_can_be_asked_it_says_how_to_unlock(tmp_path: Path) -> None:
    file(tmp_path).write("anthropic-api-key", SECRET)
    with pytest.raises(VaultLocked, match="CANDELA_PASSPHRASE"):
        file(tmp_path, None).read("anthropic-api-key")


def test_a_file_that_is_not_there_holds_nothing_and_asks_nobody(tmp_path: Path) -> None:
    vault = EncryptedFile(tmp_path / "vault.json", lambda: pytest.fail("asked for a passphrase"), cost=CHEAP)
    assert vault.read("anthropic-api-key") is None
    assert vault.remove("anthropic-api-key") is False


def test_with_its_last_secret_the_file_goes(tmp_path: Path) -> None:
    vault = file(tmp_path)
    vault.write("one", "1")
    vault.write("two", "2")
    assert vault.remove("one") is True
    assert file(tmp_path).read("two") == "2"
    assert vault.remove("two") is True
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", "garbage", '{"version":1,"n":16,"salt":"!","sealed":3}'])
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vault.json"
    path.write_text(text)
    with pytest.raises(VaultError, match="damaged"):
        file(tmp_path).read("anthropic-api-key")
    assert path.read_text() == text


def test_a_file_that_asks_for_too_much_memory_is_damaged(tmp_path: Path) -> None:
    file(tmp_path).write("one", "1")
    path = tmp_path / "vault.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"n": 2**40}))
    with pytest.raises(VaultError, match="damaged"):
        file(tmp_path).read("one")


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match=r"can't be written: No such file"):
        file(tmp_path / "gone").write("one", "1")


def test_a_passphrase_of_bytes_that_are_no_text_opens_the_file(tmp_path: Path) -> None:
    file(tmp_path, "p\udcff").write("anthropic-api-key", SECRET)
    assert file(tmp_path, "p\udcff").read("anthropic-api-key") == SECRET


@pytest.mark.parametrize("text", ['{"salt": "", "n": Infinity, "sealed": ""}', "[" * 100_000], ids=["huge", "deep"])
def test_a_file_of_nonsense_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "vault.json").write_text(text)
    with pytest.raises(VaultError, match="is damaged"):
        file(tmp_path).read("anthropic-api-key")


def test_the_key_is_derived_at_the_cost_that_owasp_recommends(tmp_path: Path) -> None:
    # The processes of the tests do it at a lower one.
    program = """
import sys
from pathlib import Path
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
EncryptedFile(Path(sys.argv[1]), lambda: "correct horse").write("anthropic-api-key", "x")
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "vault.json")], check=True)
    assert json.loads((tmp_path / "vault.json").read_text())["n"] == 2**17


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
for number in range(20):
    EncryptedFile(Path(sys.argv[1]), lambda: "correct horse", cost=2**10).write(f"{sys.argv[2]}{number}", "x")
"""
    command = [sys.executable, "-c", program, str(tmp_path / "vault.json")]
    writers = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert [name for name in "ab" for number in range(20) if file(tmp_path).read(f"{name}{number}") is None] == []
