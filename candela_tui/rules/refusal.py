"""Refuses a request in the format of the client's API."""

from candela_tui.providers.replies import error_for
from candela_tui.providers.upstream import ClientRequest, Reply

_STATUS = 402
"""Claude Code 2.1.332 shows the message of a 402 at once and does not retry it. It sends a 400 six times with features
left out, puts "Failed to authenticate" before the message of a 403, and drops that of a 404 or 413."""


def refused(request: ClientRequest, rule: str, words: str, code: str | None = None) -> Reply:
    """Return a rule's refusal of a request: ``words`` say which key of config.toml caused it, and how to change it.
    ``code`` says why, for programs."""
    return error_for(request, _STATUS, words, refused_by=rule, code=code)
