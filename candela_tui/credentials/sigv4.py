"""Signature Version 4, by botocore, over exactly what goes out."""

from candela_tui.credentials.keys import Keys

Pairs = list[tuple[str, str]]

SIGNATURE_FIELDS = frozenset({"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
"""Lower-case names of the fields that sign a request; a client's own go before those of ``signed`` are added."""


async def signed(method: str, url: str, headers: Pairs, body: bytes, keys: Keys, region: str) -> Pairs:
    """The header fields to add to a request to Bedrock. ``url`` is percent-encoded as it goes out, model ids with
    %3A and %2F; of ``headers`` the content type and all of x-amz* are signed, fields of a former signature are not."""
    raise NotImplementedError
