"""config.toml as a file."""

import os
import shutil
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from candela_tui.config.errors import ConfigError


def read_document(path: Path) -> dict[str, Any]:
    """The file as written, as a TOML document. Raises ConfigError."""
    try:
        return tomllib.loads(read_text(path), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error


def read_text(path: Path) -> str:
    """What the file says; nothing where there is none. Raises ConfigError."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror or error}") from error


def replace_text(path: Path, text: str) -> None:
    """Replace the file (where it is a link, the file that it leads to) in one step. Raises ConfigError."""
    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            beside.write_bytes(text.encode())
            if target.exists():
                shutil.copymode(target, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror or error}") from error
