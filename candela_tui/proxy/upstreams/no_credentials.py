"""What a client is told where there are no credentials for its request."""

from candela_tui.credentials.errors import CredentialsError
from candela_tui.protocol.errors import and_then, error_answer
from candela_tui.protocol.headers import request_id
from candela_tui.proxy.client_answer import reply
from candela_tui.proxy.outgoing import Pairs, Reply


def no_credentials(error: CredentialsError, said: str = "", headers: Pairs | None = None) -> Reply:
    """A 401 with the words that help; a 502, which clients try again, where what gives credentials did not answer.

    ``said`` and ``headers`` are those of the provider's refusal of earlier credentials, if that came before.
    """
    status = 502 if error.passing else 401
    return reply(error_answer(status, and_then(said, str(error)), request_id=request_id(headers or [])))
