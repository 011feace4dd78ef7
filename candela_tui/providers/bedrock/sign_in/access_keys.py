"""Sign in to AWS with keys that the user types."""

import asyncio
import re

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Prompter, until_right
from candela_tui.providers.bedrock.credentials.keys import BearerKey, SigningKeys
from candela_tui.providers.bedrock.credentials.stored import StoredApiKey, StoredKeys
from candela_tui.providers.bedrock.credentials.sts import Unreachable, identity
from candela_tui.providers.bedrock.sign_in.finish import API_KEY_LABEL, chosen_region, last_four, remember

# Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
_ACCESS_KEY = re.compile(r"\w{16,128}", re.ASCII)
_TEMPORARY = "ASIA"
_SHORT_TERM = "bedrock-api-key-"


async def with_keys(context: SignInContext, prompter: Prompter) -> Account:
    """Ask for an access key, check it with STS, and store it."""
    keys = await typed_keys(prompter)
    region = await chosen_region(context, prompter)
    try:
        label = (await asyncio.to_thread(identity, keys, region)).arn
    except Unreachable as error:
        await prompter.tell(f"{error}. The keys are kept unchecked.")
        label = f"access key {last_four(keys.access_key)}"
    return await remember(context, prompter, StoredKeys(keys), label)


async def typed_keys(prompter: Prompter) -> SigningKeys:
    """Ask for an access key and return it."""
    access_key = await until_right(
        lambda wrong: prompter.ask("Access key ID", option="access-key-id", wrong=wrong), wrong_access_key
    )
    secret = await _secret(prompter, "Secret access key", "secret access key")
    token: str | None = None
    if access_key.startswith(_TEMPORARY):
        token = await _secret(prompter, "Session token", "session token; keys that begin with ASIA have one")
    return SigningKeys(access_key, secret, token)


async def with_api_key(context: SignInContext, prompter: Prompter) -> Account:
    """Ask for a Bedrock API key and store it. The live check is the first to use it."""
    key = await _secret(prompter, "Bedrock API key", "Bedrock API key")
    await chosen_region(context, prompter)
    label = f"{API_KEY_LABEL} {last_four(key)}".rstrip()
    if key.startswith(_SHORT_TERM):
        label += ", for twelve hours at most"
    return await remember(context, prompter, StoredApiKey(BearerKey(key)), label)


def wrong_access_key(text: str) -> str:
    """Return what is wrong with an access key ID, or an empty string."""
    if _ACCESS_KEY.fullmatch(text):
        return ""
    return "That is not an access key ID: it begins with AKIA (or ASIA if it is temporary)"


async def _secret(prompter: Prompter, question: str, what: str) -> str:
    def wrong_with(text: str) -> str:
        if text and not any(c.isspace() or not c.isascii() or not c.isprintable() for c in text):
            return ""
        return f"That is not a {what}: copy it again, all of it and nothing else"

    return await until_right(lambda wrong: prompter.ask(question, secret=True, wrong=wrong), wrong_with)
