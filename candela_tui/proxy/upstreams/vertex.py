"""Claude on Vertex AI for a client that speaks Messages."""

import aiohttp

from candela_tui.config import Settings
from candela_tui.credentials.google import GoogleCredentials
from candela_tui.proxy.outgoing import Asked, Attempt, Reply


class Vertex:
    """Messages, count_tokens and the list of models on Vertex AI.

    It asks Google for the encodings that the client accepts: whoever translates its answers puts none into ``asked``.
    """

    def __init__(self, settings: Settings, credentials: GoogleCredentials, session: aiohttp.ClientSession) -> None:
        """``credentials`` are its own from now on; others may use them until it is closed."""
        raise NotImplementedError

    async def attempt(self, asked: Asked) -> Attempt | Reply:
        """The request in Google's form, or an answer of candela's own."""
        raise NotImplementedError

    async def close(self) -> None:
        """Closes the credentials, too."""
        raise NotImplementedError
