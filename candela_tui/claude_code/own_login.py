"""Find out whether Claude Code has a key or login of its own, from where it keeps them. Nothing secret is returned.

Sources: Claude Code 2.1.332 and https://code.claude.com/docs/en/authentication (November 2026). On Linux and Windows a
subscription's login is ``claudeAiOauth`` in ``.credentials.json``, a file that also has the logins to MCP servers. On
macOS it is in the Keychain, and ``oauthAccount`` in ``.claude.json`` names its account.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

TOKEN, KEY, HELPER = "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", "apiKeyHelper"
_LOGIN_TOKEN: Final = "CLAUDE_CODE_OAUTH_TOKEN"  # noqa: S105 - a name
_LARGEST: Final = 16 << 20


def settings_directory(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """Return the directory of the user's settings and login."""
    own = environ.get("CLAUDE_CONFIG_DIR")
    return Path(own) if own else (home or Path.home()) / ".claude"


def variable(name: str, environ: Mapping[str, str] = os.environ, home: Path | None = None) -> str:
    """Return a variable as Claude Code sees it: the user's settings go before the shell. Empty if unset. Blocks."""
    of_file = _document(settings_directory(environ, home) / "settings.json").get("env")
    value = of_file.get(name) if isinstance(of_file, dict) else None
    return value if isinstance(value, str) else environ.get(name, "")


def has_login(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> bool:
    """Return whether Claude Code is logged in to a subscription or the Console. Blocks."""
    if variable(_LOGIN_TOKEN, environ, home):
        return True
    folder = settings_directory(environ, home)
    login = _document(folder / ".credentials.json").get("claudeAiOauth")
    if isinstance(login, dict) and (login.get("accessToken") or login.get("refreshToken")):
        return True
    return isinstance(account_document(environ, home).get("oauthAccount"), dict)


def account_document(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> dict[str, Any]:
    """Return ``.claude.json``, which has the account and the directories in use; empty if it can't be read. Blocks."""
    folder = settings_directory(environ, home)
    return _document((folder if environ.get("CLAUDE_CONFIG_DIR") else folder.parent) / ".claude.json")


def helper_file(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> Path | None:
    """Return the user's settings file if it names a command that prints a key, otherwise None. Blocks."""
    file = settings_directory(environ, home) / "settings.json"
    return file if _document(file).get(HELPER) else None


def _document(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            document = json.loads(opened.read(_LARGEST))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
