"""Spares each process what it would do again and again, and what is not the subject of its tests.

Compiling what a test process imports takes four seconds of a core. Reading the system's authorities takes a tenth of a
second, and each proxy does it, once more for each variable that names them. Deriving the key of a file of secrets takes
half a second and 128 MB.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from candela_tui.credentials.vault import encrypted_file

if TYPE_CHECKING:
    import pytest

_LOW_COST = 2**4
_FURTHER_AUTHORITIES = ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")


def keep_bytecode(directory: Path) -> None:
    """Keep compiled modules in a directory where Python may not write them beside the sources, also in children."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(directory)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def trust_one_authority(directory: Path, patch: "pytest.MonkeyPatch") -> None:
    """Replace the machine's certificate authorities, here and in children, by one that signed nothing."""
    import trustme

    trustme.CA().cert_pem.write_to_path(str(directory / "authority.pem"))
    (directory / "no-more").mkdir()
    patch.setenv("SSL_CERT_FILE", str(directory / "authority.pem"))
    patch.setenv("SSL_CERT_DIR", str(directory / "no-more"))
    for name in _FURTHER_AUTHORITIES:
        patch.delenv(name, raising=False)


def encrypt_at_low_cost() -> None:
    """Make this process encrypt files of secrets at a low cost. Children that are not forked do it at the full one."""
    encrypted_file._COST = _LOW_COST  # type: ignore[misc]
