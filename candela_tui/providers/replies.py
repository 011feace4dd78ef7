"""Build candela's own error replies, in the format of the Messages API or of the client's."""

from candela_tui.credentials.errors import CredentialsError
from candela_tui.protocol.bedrock.own_errors import ERROR_NAME, native_error, native_name
from candela_tui.protocol.errors import ErrorAnswer, and_then, error_answer
from candela_tui.protocol.google_errors import google_error
from candela_tui.protocol.headers import HeaderList, request_id
from candela_tui.protocol.native_calls import is_messages_of_bedrock
from candela_tui.protocol.openai import chat_error
from candela_tui.protocol.parsed_request import is_chat
from candela_tui.providers.identity import Dialect
from candela_tui.providers.upstream import ClientRequest, Reply


def error_reply(status: int, message: str) -> Reply:
    """Return an error reply with the given status and message."""
    return reply(error_answer(status, message))


def error_for(
    request: ClientRequest, status: int, message: str, *, refused_by: str | None = None, code: str | None = None
) -> Reply:
    """Return an error reply in the format of the client's API. ``refused_by`` is the rule that refused the request,
    ``code`` says why, for programs, where the format has a place for it."""
    answer = error_answer(status, message, code=code)
    fields, body = answer.headers, answer.body
    if request.dialect == Dialect.OPENAI and is_chat(request.resource):
        body = chat_error(status, body, code)
    elif request.dialect == Dialect.BEDROCK and not is_messages_of_bedrock(request.resource):
        fields, body = [*fields, (ERROR_NAME, native_name(status))], native_error(message)
    elif request.dialect == Dialect.VERTEX:
        body = google_error(answer.error, status)
    return Reply(status, fields, body, refused_by=refused_by)


def reply(answer: ErrorAnswer) -> Reply:
    """Convert an error answer to a reply."""
    return Reply(answer.status, answer.headers, answer.body)


def no_credentials(error: CredentialsError, said: str = "", headers: HeaderList | None = None) -> Reply:
    """Return a 401 that says how to sign in, or a 502, which clients retry, if the credentials' source did not answer.

    ``said`` and ``headers`` are the message and headers of the provider's refusal of earlier credentials, if any.
    """
    status = 502 if error.passing else 401
    return reply(error_answer(status, and_then(said, str(error)), request_id=request_id(headers or [])))
