"""Spares each process what it would do again: compile what it imports, and read the machine's certificates.

Compiling takes four seconds of a core in a test process. Reading the system's authorities takes a tenth of a second,
and each proxy does it, once more for each variable that names them.
"""

import os
import sys
from pathlib import Path

import pytest
import trustme

_FURTHER_AUTHORITIES = ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")


def keep_bytecode(directory: Path) -> None:
    """Keep compiled modules in a directory where Python may not write them beside the sources, also in children."""
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(directory)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def trust_one_authority(directory: Path, patch: pytest.MonkeyPatch) -> None:
    """Replace the machine's certificate authorities, here and in children, by one that signed nothing."""
    trustme.CA().cert_pem.write_to_path(str(directory / "authority.pem"))
    (directory / "no-more").mkdir()
    patch.setenv("SSL_CERT_FILE", str(directory / "authority.pem"))
    patch.setenv("SSL_CERT_DIR", str(directory / "no-more"))
    for name in _FURTHER_AUTHORITIES:
        patch.delenv(name, raising=False)
