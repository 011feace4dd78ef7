"""How candela was installed, as far as it changes the command that adds a package to it."""

import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import msgspec

DISTRIBUTION = "candela-tui"
"""The name of candela's package."""


def install_command(package: str, extra: str, prefix: Path | None = None) -> str:
    """Return the command that adds a package, which an extra of candela names, to the environment that candela runs in.

    ``prefix`` is the directory of that environment; None is this one's.
    """
    prefix = Path(sys.prefix) if prefix is None else prefix
    if (prefix / "uv-receipt.toml").is_file():
        # Without the source, uv would look for candela on the package index.
        return f"uv tool install {shlex.quote(f'{_source() or DISTRIBUTION}[{extra}]')}"
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx inject {DISTRIBUTION} {package}"
    if prefix.name == ".venv" and (prefix.parent / "pyproject.toml").is_file():
        return f"uv run --extra {extra} candela"
    if find_spec("pip") is None:
        return f"uv pip install --python {shlex.quote(str(prefix))} {package}"
    return f"{shlex.quote(str(prefix / 'bin/python'))} -m pip install {package}"


def _source() -> str | None:
    """Return the directory or archive that candela was installed from, or None if that was a package index."""
    try:
        text = distribution(DISTRIBUTION).read_text("direct_url.json")
        url = msgspec.json.decode(text or "{}", type=dict[str, object]).get("url")
    except (PackageNotFoundError, msgspec.MsgspecError):
        return None
    if not (isinstance(url, str) and url.startswith("file:///")):
        return None
    from urllib.request import url2pathname  # Not at the top: it imports http.client.

    return url2pathname(url.removeprefix("file://"))
