"""The texts of keys that candela made for Claude Code on this machine, which it starts with them again and again.

Of all other keys only hashes are kept. The file is for its owner only, as the pepper is.
"""

from pathlib import Path

import msgspec

from candela_tui.file_lock import locked
from candela_tui.files import write_atomically
from candela_tui.keys.changes import KeyChanges
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key, KeyState, hash_of
from candela_tui.keys.store import KeyStore
from candela_tui.paths import Paths
from candela_tui.text.times import utc_now


def kept_key(name: str, store: KeyStore, changes: KeyChanges, paths: Paths) -> str:
    """Return the text of the key with this name, and make the key if there is none. Blocks. Raises KeysError."""
    with locked(paths.kept_keys):
        # Inside, so that of two clients that start at once the second finds the key of the first.
        known = store.keys()
        found = next((key for key in known if key.name == name and key.revoked_at is None), None)
        texts = _read(paths.kept_keys)
        if found is not None:
            return _text_of(found, texts, store)
        made, text = changes.create(Key(id="", name=name, prefix="", hash=b"", created_at=utc_now()))
        texts[made.id] = text
        _write(paths.kept_keys, texts)
        return text


def _text_of(key: Key, texts: dict[str, str], store: KeyStore) -> str:
    state = key.state(utc_now())
    if state is not KeyState.ACTIVE:
        raise KeysError(f"The key {key.name} is {state}: `candela keys show {key.name}` says more.")
    text = texts.get(key.id)
    if text is None or hash_of(text, store.pepper()) != key.hash:
        raise KeysError(
            f"Of the key {key.name} candela keeps only a hash. Put its text into ANTHROPIC_AUTH_TOKEN and leave"
            " out --key, or name a key that does not exist yet."
        )
    return text


def _read(file: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise KeysError(f"{file}: can't be read: {error.strerror}") from None
    except msgspec.DecodeError:
        raise KeysError(f"{file} is damaged: delete it and revoke the keys that were in it") from None


def _write(file: Path, texts: dict[str, str]) -> None:
    try:
        write_atomically(file, msgspec.json.encode(texts))
    except OSError as error:
        raise KeysError(f"{file}: can't be written: {error.strerror}") from None
