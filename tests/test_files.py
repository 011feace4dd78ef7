"""Writing files: whole or not at all, and no trace of an attempt that failed."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from candela_tui.files import create_atomically, write_atomically, write_new, write_whole


def _permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def usual_permissions() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


class TestAtomicWrites:
    def test_a_new_file_is_its_owners_alone(self, tmp_path: Path) -> None:
        write_atomically(tmp_path / "vault", b"1")
        assert ((tmp_path / "vault").read_bytes(), _permissions(tmp_path / "vault")) == (b"1", 0o600)

    def test_a_secret_is_its_owners_alone_even_where_its_file_was_not(self, tmp_path: Path) -> None:
        (tmp_path / "vault").write_bytes(b"0")
        write_atomically(tmp_path / "vault", b"1")
        assert _permissions(tmp_path / "vault") == 0o600

    @pytest.mark.parametrize("mode", [0o640, 0o666, 0o400])
    def test_permissions_are_kept_where_they_are_the_users(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "config.toml"
        path.write_bytes(b"0")
        path.chmod(mode)
        write_atomically(path, b"1", mode=None)
        assert (path.read_bytes(), _permissions(path)) == (b"1", mode)

    def test_a_file_of_the_users_own_has_the_usual_permissions_at_first(self, tmp_path: Path) -> None:
        write_atomically(tmp_path / "config.toml", b"1", mode=None)
        assert _permissions(tmp_path / "config.toml") == 0o644

    def test_a_link_stays_one(self, tmp_path: Path) -> None:
        (tmp_path / "dotfiles").mkdir()
        (tmp_path / "config.toml").symlink_to(tmp_path / "dotfiles" / "candela.toml")
        write_atomically(tmp_path / "config.toml", b"1")
        assert (tmp_path / "config.toml").is_symlink()
        assert (tmp_path / "dotfiles" / "candela.toml").read_bytes() == b"1"

    @pytest.mark.parametrize("fails", ["fsync", "replace"])
    def test_where_it_fails_the_old_file_stays_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
    ) -> None:
        path = tmp_path / "vault"
        path.write_bytes(b"old")
        monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[fails], _full)
        with pytest.raises(OSError, match="No space"):
            write_atomically(path, b"new")
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_file_and_directory_are_on_the_disk_before_it_returns(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[str] = []
        monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(_kind(descriptor)))
        write_atomically(tmp_path / "vault", b"1")
        create_atomically(tmp_path / "token", b"1")
        assert synced == ["file", "directory", "file", "directory"]
        write_atomically(tmp_path / "preferences", b"1", durable=False)
        assert len(synced) == 4


class TestNewFiles:
    def test_the_first_of_two_stays(self, tmp_path: Path) -> None:
        create_atomically(tmp_path / "token", b"first")
        with pytest.raises(FileExistsError):
            create_atomically(tmp_path / "token", b"second")
        assert (tmp_path / "token").read_bytes() == b"first"
        assert (_permissions(tmp_path / "token"), len(list(tmp_path.iterdir()))) == (0o600, 1)

    def test_an_export_replaces_a_file_only_where_it_may(self, tmp_path: Path) -> None:
        write_whole(tmp_path / "a.csv", b"1")
        with pytest.raises(FileExistsError):
            write_whole(tmp_path / "a.csv", b"2")
        write_whole(tmp_path / "a.csv", b"3", replace=True)
        assert (tmp_path / "a.csv").read_bytes() == b"3"

    @pytest.mark.parametrize("replace", [False, True])
    def test_what_ends_in_the_middle_leaves_no_file_and_keeps_the_old_one(self, tmp_path: Path, replace: bool) -> None:
        if replace:
            (tmp_path / "a.csv").write_bytes(b"old")
        with pytest.raises(InterruptedError):
            write_whole(tmp_path / "a.csv", _broken_off(), replace=replace)
        with pytest.raises(InterruptedError):
            write_new(tmp_path, "b", ".csv", _broken_off())
        assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"] * replace

    def test_a_link_is_kept_and_its_file_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"old")
        (tmp_path / "link").symlink_to("file")
        write_whole(tmp_path / "link", b"new", replace=True)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "file").read_bytes() == b"new"

    def test_a_new_file_does_not_follow_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "b.csv").symlink_to("elsewhere")
        assert write_new(tmp_path, "b", ".csv", b"1") == tmp_path / "b-2.csv"
        assert not (tmp_path / "elsewhere").exists()

    def test_a_file_system_without_links_gets_the_file_all_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "link", _not_permitted)
        write_whole(tmp_path / "a.csv", b"1")
        with pytest.raises(FileExistsError):
            write_whole(tmp_path / "a.csv", b"2")
        assert write_new(tmp_path, "a", ".csv", b"2") == tmp_path / "a-2.csv"
        assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"1", b"2"]

    def test_a_pipe_gets_the_content_as_it_comes(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        write_whole(pipe, iter([b"1", b"2"]))
        assert os.read(reader, 10) == b"12"
        os.close(reader)


@pytest.mark.parametrize("write", [write_atomically, create_atomically])
def test_a_missing_directory_is_an_error(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "missing" / "file", b"1")


def _broken_off() -> Iterator[bytes]:
    yield b"1"
    raise InterruptedError


def _not_permitted(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def _kind(descriptor: int) -> str:
    return "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
