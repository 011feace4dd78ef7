"""A web page in place of an answer of a cloud, such as the login page of a network.

The clouds' SDKs make of it a refusal without a name, or an answer without members.
"""

from candela_tui.protocol.errors import FROM_ELSEWHERE, page_title


class WebPage(Exception):
    """A web page came in place of an answer. ``str()`` says so, in words that continue a sentence."""


def require_no_web_page(status: int, body: bytes) -> None:
    """Raise WebPage if the body of an answer is one."""
    if (title := page_title(body)) is not None:
        raise WebPage(f'a web page came in place of an answer (HTTP {status}): "{title}". {FROM_ELSEWHERE}')
