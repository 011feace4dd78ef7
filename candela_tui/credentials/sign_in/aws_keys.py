"""Signing in to AWS with keys that are typed."""

import asyncio
import re

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.aws_stored import StoredApiKey, StoredKeys
from candela_tui.credentials.aws_sts import Unreachable, identity
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.keys import BearerKey, SigningKeys
from candela_tui.credentials.sign_in.aws_kept import chosen_region, last_four, remember
from candela_tui.credentials.sign_in.provider import Desk
from candela_tui.credentials.sign_in.talk import Talk

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
_ACCESS_KEY = re.compile(r"\w{16,128}", re.ASCII)
_TEMPORARY = "ASIA"
_SHORT_TERM = "bedrock-api-key-"


async def with_keys(desk: Desk, talk: Talk) -> Account:
    """An access key, checked with STS."""
    keys = await typed_keys(talk)
    region = await chosen_region(desk, talk)
    try:
        label = (await asyncio.to_thread(identity, keys, region)).arn
    except Unreachable as error:
        await talk.tell(f"{error}. The keys are kept unchecked.")
        label = f"access key {last_four(keys.access_key)}"
    return await remember(desk, talk, StoredKeys(keys), label)


async def typed_keys(talk: Talk) -> SigningKeys:
    """An access key as its owner types it."""
    access_key = await talk.ask("Access key ID")
    if not _ACCESS_KEY.fullmatch(access_key):
        raise CredentialsError("that is no access key ID: it begins with AKIA (or ASIA where it is temporary)")
    secret = _word(await talk.ask("Secret access key", secret=True), "secret access key")
    token: str | None = None
    if access_key.startswith(_TEMPORARY):
        token = _word(await talk.ask("Session token", secret=True), "session token; keys that begin with ASIA have one")
    return SigningKeys(access_key, secret, token)


async def with_api_key(desk: Desk, talk: Talk) -> Account:
    """A key of Bedrock itself; the live check is the first to use it."""
    key = _word(await talk.ask("Bedrock API key", secret=True), "Bedrock API key")
    await chosen_region(desk, talk)
    label = f"Bedrock API key {last_four(key)}".rstrip()
    if key.startswith(_SHORT_TERM):
        label += ", for twelve hours at most"
    return await remember(desk, talk, StoredApiKey(BearerKey(key)), label)


def _word(text: str, what: str) -> str:
    if not text or any(c.isspace() or not c.isascii() or not c.isprintable() for c in text):
        raise CredentialsError(f"that is no {what}: copy it again, all of it and nothing else")
    return text
