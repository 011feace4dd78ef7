"""Paths as they are recorded and shown: without secrets."""

from urllib.parse import parse_qsl, urlencode

from candela_tui.protocol.headers import is_secret, redacted


def shown_path(path: str) -> str:
    """A path with the values of secret query parameters (``?key=…``) replaced."""
    place, question, query = path.partition("?")
    if not question:
        return path
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(_is_secret(name, value) for name, value in pairs):
        return path
    shown = [(name, "redacted" if _is_secret(name, value) else value) for name, value in pairs]
    return f"{place}?{urlencode(shown)}"


def _is_secret(name: str, value: str) -> bool:
    field = name.lower().replace("_", "-")
    return field == "key" or is_secret(field) or redacted(((field, value),)) != ((field, value),)
