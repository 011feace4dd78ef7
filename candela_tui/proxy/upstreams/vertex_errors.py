"""What a client is told where Vertex AI said no."""

from candela_tui.credentials.errors import CredentialsError
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.errors import ApiError, error_from_body
from candela_tui.protocol.google_errors import google_error
from candela_tui.protocol.headers import header
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.outgoing import Pairs, Reply


def no_credentials(error: CredentialsError) -> Reply:
    """A 401 with the words that help; a client that tried it again by itself would only hide them."""
    reply = error_reply(401, str(error))
    return Reply(reply.status, [*reply.headers, ("x-should-retry", "false")], reply.body)


def decoded(headers: Pairs, body: bytes) -> bytes:
    """The body without its Content-Encoding; as it is where that does not fit."""
    try:
        return decode_whole(header(headers, "content-encoding") or "", body)
    except BadEncoding:
        return body


def vertex_error(
    status: int, headers: Pairs, body: bytes, *, project: str | None, region: str, model: str | None
) -> tuple[ApiError, Reply | None]:
    """What went wrong, and the answer in the form of the Messages API; None: it came in that form. ``body`` is
    decoded."""
    answer = google_error(status, headers, body, project=project, region=region, model=model)
    if answer is None:
        return error_from_body(status, body), None
    return answer.error, Reply(answer.status, answer.headers, answer.body)
