"""Read and replace the file config.toml."""

import os
from pathlib import Path
from typing import Any

from candela_tui.config.errors import ConfigError
from candela_tui.config.toml_text import NotToml, parse
from candela_tui.files import write_atomically


def read_document(path: Path) -> dict[str, Any]:
    """Parse the file as TOML and return the document. Raises ConfigError."""
    try:
        return parse(read_text(path))
    except NotToml as error:
        raise ConfigError(f"{path}: {error}") from None


def read_text(path: Path) -> str:
    """Return the text of the file, or an empty string if it does not exist. Raises ConfigError."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror or error}") from error


def make_directory(path: Path) -> None:
    """Create the directory of the file, or of the target if it is a symbolic link. Raises ConfigError."""
    try:
        Path(os.path.realpath(path)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror or error}") from error


def replace_text(path: Path, text: str) -> None:
    """Replace the file, or the target if it is a symbolic link, atomically. Raises ConfigError."""
    try:
        write_atomically(path, text.encode(), mode=None)
    except UnicodeEncodeError:
        raise ConfigError(f"{path}: expected a value in UTF-8; nothing was changed") from None
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror or error}") from error
