"""The files of candela's certificate authority in its directory."""

from pathlib import Path


class AuthorityError(Exception):
    """The authority can't be used. ``str()`` says which file and what to do."""


def key_path(directory: Path) -> Path:
    """Return the file of the key, which has the certificate too."""
    return directory / "key.pem"


def certificate_path(directory: Path) -> Path:
    """Return the file of the certificate, for programs that are to trust the authority."""
    return directory / "ca.pem"
