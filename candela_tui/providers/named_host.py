"""Requests that go on to the very host that the client named, with the client's own credentials."""

from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.identity import Provider
from candela_tui.providers.upstream import Attempt, ClientRequest, Named, ProviderRequest
from candela_tui.redaction import KEY_BEGINNING


def as_sent(asked: ClientRequest, named: Named, provider: Provider, region: str | None) -> Attempt:
    """Return an attempt that sends the same request, byte for byte, to the host that the client named.

    candela adds no credentials there: the client has its own, and a signature is valid for that host alone."""
    fields = _without_candelas_key(asked.fields) if asked.key is not None else asked.fields
    request = ProviderRequest(asked.method, f"https://{named.host}{named.target}", fields, asked.body)
    return Attempt(request=request, provider=provider, region=region)


def _without_candelas_key(fields: HeaderList) -> HeaderList:
    return [(name, value) for name, value in fields if KEY_BEGINNING not in value]
