"""What candela asks a provider by itself, such as for a list of models: it is no exchange of a client's."""

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from candela_tui.proxy.client_session import proxy_for
from candela_tui.proxy.fields import decoded_pairs
from candela_tui.proxy.outgoing import Pairs

_MOST_BYTES = 4 * 2**20
OWN_FIELDS: Pairs = [("Accept", "application/json"), ("Accept-Encoding", "identity")]


async def get(session: aiohttp.ClientSession, url: str, fields: Pairs) -> tuple[int, Pairs, bytes]:
    """Status, header fields and body of the answer; of a body without end its beginning. ``url`` is percent-encoded.
    Raises what aiohttp raises."""
    async with session.get(
        URL(url, encoded=True), headers=CIMultiDict(fields), allow_redirects=False, proxy=proxy_for(url)
    ) as answer:
        body = bytearray()
        while len(body) < _MOST_BYTES and (part := await answer.content.readany()):
            body += part
        return answer.status, decoded_pairs(answer.raw_headers), bytes(body)
