"""Ask a provider to count the parts of a recorded prompt."""

import asyncio

import click
import msgspec

from candela_tui.analysis.context_counting import requests_to_count, to_count, with_counts
from candela_tui.analysis.context_parts import Context
from candela_tui.cli.invocation import Invocation
from candela_tui.exchange import Exchange
from candela_tui.protocol.errors import ApiError, error_in_answer, not_a_message
from candela_tui.protocol.raw_json import decode_json
from candela_tui.providers.identity import PROVIDERS
from candela_tui.providers.own_requests import OwnRequests
from candela_tui.text.terminal_safe import terminal_safe

_PATH = "/v1/messages/count_tokens"
_AT_ONCE = 4
_MEMBER = "input_tokens"


def counted(invocation: Invocation, exchange: Exchange, body: bytes, context: Context) -> Context:
    """Return the context with the counts of the provider that answered the request. Exits with an error if it does not
    count the request as it was; a part that it does not count keeps its estimate."""
    return asyncio.run(_counted(invocation, exchange, body, context))


async def _counted(invocation: Invocation, exchange: Exchange, body: bytes, context: Context) -> Context:
    document = decode_json(body)
    assert isinstance(document, dict)
    parts = to_count(context)
    # Made one at a time, as it is sent: there are dozens of them, and each may have megabytes.
    wanted = enumerate(requests_to_count(document, parts))
    counts: list[int | None] = [None] * (len(parts) + 1)
    async with OwnRequests(invocation.settings(), invocation.paths) as requests:

        async def count(request: object) -> int | ApiError:
            fields = [("anthropic-beta", ",".join(exchange.betas))] if exchange.betas else []
            reply = await requests.ask(exchange.provider, "POST", _PATH, msgspec.json.encode(request), fields)
            error = error_in_answer(reply.status, reply.body, _MEMBER)
            number = None if error is not None else decode_json(reply.body)[_MEMBER]
            return number if isinstance(number, int) else error or not_a_message(reply.body, _MEMBER, reply.status)

        async def count_on() -> None:
            for place, request in wanted:
                found = await count(request)
                counts[place] = found if isinstance(found, int) else None

        whole = await count(next(wanted)[1])
        if not isinstance(whole, int):
            title = PROVIDERS[exchange.provider].short_title
            said = f"{title}, asked with candela's own credentials, did not count the tokens: {whole.message}"
            raise click.ClickException(terminal_safe(said))
        counts[0] = whole
        await asyncio.gather(*(count_on() for _ in range(_AT_ONCE)))
    return with_counts(context, parts, counts)
