"""What the real SDK does with an error answer."""

import anthropic
import httpx2

from candela_tui.protocol.errors import ErrorAnswer

_CLIENT = anthropic.Anthropic(api_key="k", base_url="http://127.0.0.1:9")


def sdk_retries(answer: ErrorAnswer) -> bool:
    """Whether it sends the request again."""
    return _CLIENT._should_retry(httpx2.Response(answer.status, headers=answer.headers, content=answer.body))
