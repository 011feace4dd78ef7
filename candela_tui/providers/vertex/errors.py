"""Build the reply that a client gets for an error of Vertex AI."""

from candela_tui.protocol.errors import ApiError, error_from_body
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.replies import reply
from candela_tui.providers.upstream import Reply
from candela_tui.providers.vertex.google_errors import google_error

TOKEN_RENEWED = "Google refused the access token; sent again with a new one"  # noqa: S105 - a message, not a token


def vertex_error(
    status: int,
    headers: HeaderList,
    body: bytes,
    *,
    project: str | None,
    region: str,
    model: str | None,
    counts: bool = False,
) -> tuple[ApiError, Reply | None]:
    """Return the error, and a reply in the format of the Messages API, or None if the body already has that format."""
    answer = google_error(status, headers, body, project=project, region=region, model=model, counts=counts)
    if answer is None:
        return error_from_body(status, body), None
    return answer.error, reply(answer)
