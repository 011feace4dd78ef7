"""What a client is told where Vertex AI said no."""

from candela_tui.protocol.errors import ApiError, error_from_body
from candela_tui.protocol.google_errors import google_error
from candela_tui.proxy.client_answer import reply
from candela_tui.proxy.outgoing import Pairs, Reply

TOKEN_RENEWED = "Google refused the access token; sent again with a new one"  # noqa: S105 - words, no token


def vertex_error(
    status: int,
    headers: Pairs,
    body: bytes,
    *,
    project: str | None,
    region: str,
    model: str | None,
    counts: bool = False,
) -> tuple[ApiError, Reply | None]:
    """What went wrong, and the answer in the form of the Messages API; None: it came in that form."""
    answer = google_error(status, headers, body, project=project, region=region, model=model, counts=counts)
    if answer is None:
        return error_from_body(status, body), None
    return answer.error, reply(answer)
