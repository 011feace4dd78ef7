"""Keys change as they are kept, whatever a caller read before."""

from datetime import timedelta
from pathlib import Path

import pytest

from candela_tui.keys.errors import KeysError
from candela_tui.text.times import utc_now
from tests.keys.made import changes_in, store_in, wanted


def test_a_key_that_was_rotated_meanwhile_keeps_its_new_text(tmp_path: Path) -> None:
    changes, store = changes_in(tmp_path), store_in(tmp_path)
    read, _ = changes.create(wanted())
    rotated, _ = changes.rotate(read)
    changes.expire(read, utc_now() + timedelta(days=1))
    [kept] = store.keys()
    assert (kept.hash, kept.old_hash, kept.prefix) == (rotated.hash, read.hash, rotated.prefix)
    again, _ = changes.rotate(read)
    assert again.old_hash == rotated.hash


def test_a_key_that_was_revoked_meanwhile_stays_revoked(tmp_path: Path) -> None:
    changes, store = changes_in(tmp_path), store_in(tmp_path)
    read, _ = changes.create(wanted())
    changes.revoke(read)
    [revoked] = store.keys()
    for change in (changes.enable, changes.disable, changes.revoke, changes.rotate):
        with pytest.raises(KeysError, match="was revoked, for good"):
            change(read)
    assert store.keys() == [revoked]
