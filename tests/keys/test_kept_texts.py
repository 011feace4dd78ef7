"""The texts of keys that candela keeps, to start Claude Code with them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from candela_tui.audit.log import LocalAuditLog
from candela_tui.keys.errors import KeysError
from candela_tui.keys.kept_texts import kept_key
from candela_tui.keys.key import Key, hash_of
from candela_tui.keys.pepper import read_pepper
from candela_tui.paths import default_paths
from candela_tui.text.times import utc_now
from tests.keys.made import changes_in, make, store_in


def of(data: Path, name: str) -> Key:
    return store_in(data).find(name)


def test_a_key_is_made_once_and_its_text_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    paths = default_paths(data=tmp_path)
    text = kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths)
    assert kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths) == text
    assert hash_of(text, read_pepper(paths.keys_pepper)) == of(tmp_path, "gateway").hash
    assert paths.kept_keys.stat().st_mode & 0o777 == 0o600
    assert len(store_in(tmp_path).keys()) == 1
    assert [entry.action for entry in LocalAuditLog(paths.audit, "someone", "test").entries()] == ["key.create"]


def test_clients_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    paths, together = default_paths(data=tmp_path), Barrier(4)

    def start() -> str:
        together.wait()
        return kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths)

    with ThreadPoolExecutor(4) as clients:
        texts = {started.result() for started in [clients.submit(start) for _ in range(4)]}
    assert len(texts) == len(store_in(tmp_path).keys()) == 1


def test_a_revoked_key_is_followed_by_another(tmp_path: Path) -> None:
    paths = default_paths(data=tmp_path)
    text = kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths)
    store_in(tmp_path).change(replace(of(tmp_path, "gateway"), revoked_at=utc_now()))
    assert kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths) != text


def test_a_key_whose_text_is_not_kept_can_not_be_used(tmp_path: Path) -> None:
    paths = default_paths(data=tmp_path)
    make(tmp_path, "mine")
    with pytest.raises(KeysError, match="keeps only a hash"):
        kept_key("mine", store_in(tmp_path), changes_in(tmp_path), paths)
    kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths)
    store_in(tmp_path).rotate(of(tmp_path, "gateway"), utc_now())
    with pytest.raises(KeysError, match="keeps only a hash"):
        kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths)


def test_a_disabled_key_is_named(tmp_path: Path) -> None:
    paths = default_paths(data=tmp_path)
    kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths)
    store_in(tmp_path).change(replace(of(tmp_path, "gateway"), disabled_at=utc_now()))
    with pytest.raises(KeysError, match="gateway is disabled"):
        kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths)


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    paths = default_paths(data=tmp_path)
    paths.kept_keys.write_text("[1]")
    with pytest.raises(KeysError, match=r"kept-keys\.json is damaged"):
        kept_key("gateway", store_in(tmp_path), changes_in(tmp_path), paths)
