"""Read the target of a request line (RFC 9112, section 3.2)."""

from urllib.parse import urlsplit


def origin_form(target: str) -> str:
    """Return the path and query of a target. The absolute form (``http://127.0.0.1:8181/v1/messages``), which every
    server must accept, loses scheme and authority."""
    if target.startswith("/") or "://" not in target:
        return target
    below = target.partition("://")[2]
    start = min((place for mark in "/?" if (place := below.find(mark)) >= 0), default=len(below))
    return below[start:] if below[start:].startswith("/") else f"/{below[start:]}"


def authority(target: str) -> str | None:
    """Return the host and port of an absolute target, or None for other forms."""
    return None if target.startswith("/") or "://" not in target else urlsplit(target).netloc
