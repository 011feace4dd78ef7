"""The rules of a config.toml as the audit log has them: what is written there, without secrets."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from candela_tui.audit.entry import State
from candela_tui.config import ConfigError, read_document, written_rules
from candela_tui.redaction import redact_text

PREFIX = "rule"
"""How the actions begin."""


def rules_in(file: Path) -> dict[str, State] | None:
    """Return the rules of a file by their kinds and names, and the settings of keys; None if it can't be read."""
    try:
        document = read_document(file)
    except ConfigError:
        return None
    found: dict[str, State] = {}
    for rule in written_rules(document):
        found[f"{rule.kind.name} {rule.name}" if rule.kind.many else rule.kind.name] = _without_secrets(rule.values)
    keys = document.get("keys")
    if isinstance(keys, dict) and keys:
        found["keys"] = _without_secrets(keys)
    return found


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return _url(value) if "://" in value else redact_text(value)
    if isinstance(value, dict):
        return {str(name): _without_secrets(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(each) for each in value]
    return value if isinstance(value, bool | int | float) or value is None else str(value)


def _url(value: str) -> str:
    """Return the host of a URL: the rest may be a secret, as that of a webhook. A digest tells one from another."""
    try:
        there = urlsplit(value)
        host = there.hostname or ""
    except ValueError:
        return redact_text(value)
    digest = hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{there.scheme}://{host}/… ({digest})"
