"""Answers of the local API that refuse: the form of their JSON, and the exception that handlers raise for one."""

from collections.abc import Mapping

from aiohttp import web

from candela_tui.protocol.errors import error_body


class Refused(Exception):
    """A request to the local API is refused; ``str()`` says why and what to do."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def refusal(status: int, words: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return an answer that refuses, in the form of the Messages API."""
    return web.Response(
        status=status, body=error_body(status, words), content_type="application/json", headers=dict(headers or {})
    )
