"""The lock on a file: one holder at a time, and nothing is left behind."""

import threading
from pathlib import Path

from candela_tui.file_lock import locked


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_the_second_waits_until_the_first_has_written(tmp_path: Path, lock_asked: threading.Semaphore) -> None:
    file = tmp_path / "count"
    file.write_text("0")

    def add_one() -> None:
        with locked(file):
            file.write_text(str(int(file.read_text()) + 1))

    others = [threading.Thread(target=add_one) for _ in range(3)]
    with locked(file):
        lock_asked.acquire()
        for other in others:
            other.start()
        for _ in others:
            assert lock_asked.acquire(timeout=60)
        assert file.read_text() == "0"
        file.write_text("10")
    for other in others:
        other.join()
    assert file.read_text() == "13"
    assert names(tmp_path) == ["count"]


def test_locks_of_two_files_in_one_directory_may_be_held_together(tmp_path: Path) -> None:
    with locked(tmp_path / "a"), locked(tmp_path / "b"):
        assert len(names(tmp_path)) == 2
    assert names(tmp_path) == []


def test_a_link_and_its_target_have_one_lock(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    link = tmp_path / "config.toml"
    link.symlink_to(tmp_path / "dotfiles" / "candela.toml")
    with locked(link):
        assert names(tmp_path / "dotfiles") == [".candela.toml.lock"]


def test_a_lock_that_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".file.lock").touch()
    with locked(tmp_path / "file"):
        pass
    assert names(tmp_path) == []


def test_without_a_directory_it_goes_without(tmp_path: Path) -> None:
    with locked(tmp_path / "missing" / "file"):
        pass
    assert names(tmp_path) == []
