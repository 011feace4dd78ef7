"""Check a sign-in to AWS: who the keys belong to, which region is used, and what Bedrock lists there."""

import os
from typing import Any

from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.credentials.sign_in.interface import CheckLine, SignInContext
from candela_tui.credentials.sign_in.prompter import Abandoned
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.bedrock.credentials.chain import profile_region
from candela_tui.providers.bedrock.credentials.client import client
from candela_tui.providers.bedrock.credentials.keys import BearerKey, Keys
from candela_tui.providers.bedrock.credentials.messages import SIGN_IN, described
from candela_tui.providers.bedrock.credentials.source import API_KEY, Source, keys_from, source_of
from candela_tui.providers.bedrock.credentials.sts import KeysRefused, identity

_LIMIT_S = 60.0
_LISTS = "bedrock:ListInferenceProfiles"
_CALLS = "bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream"


async def who(context: SignInContext) -> list[CheckLine]:
    """Check who the keys belong to, the region, and its inference profiles."""
    return await _checked(context, signs=False, lists=True)


async def whose(context: SignInContext, *, signs: bool) -> list[CheckLine]:
    """Check who the keys belong to, for a service of AWS that lists no inference profiles.

    ``signs``: the service accepts no API keys of Bedrock."""
    return await _checked(context, signs=signs, lists=False)


async def _checked(context: SignInContext, *, signs: bool, lists: bool) -> list[CheckLine]:
    calls = BlockingCalls("AWS credentials", _LIMIT_S)
    settings = (await context.settings_now()).aws
    try:
        source = source_of(settings, os.environ, context.accounts, signs=signs)
        keys = await _keys(context, source, calls)
        region = source.region or await calls.run(lambda: profile_region(source.profile))
        lines = [await calls.run(lambda: _whose(source, keys, region or "us-east-1"))]
        if lines[0].state == "bad" or not lists:
            return lines
        if region is None:
            fix = "set [aws] region, or AWS_REGION, to where you have Claude on Bedrock"
            return [*lines, CheckLine("bad", "no AWS region is known", fix)]
        return [*lines, *await calls.run(lambda: _listed(settings, keys, region))]
    except (CredentialsError, VaultError) as error:
        return [CheckLine("bad", str(error))]
    except Abandoned:
        return [CheckLine("bad", "what candela signed in to AWS with was not unlocked")]


async def _keys(context: SignInContext, source: Source, calls: BlockingCalls) -> Keys:
    if source.account is None:
        return (await calls.run(lambda: keys_from(source))).value
    vault = await context.opened(source.account)
    return (await calls.run(lambda: keys_from(source, lambda _: vault))).value


def _whose(source: Source, keys: Keys, region: str) -> CheckLine:
    if isinstance(keys, BearerKey):
        place = API_KEY if source.api_key is not None else "candela's vault"
        return CheckLine("ok", f"a Bedrock API key of {place}: AWS does not say whose it is")
    try:
        found = identity(keys, region)
    except CredentialsError as error:
        return CheckLine("bad", str(error), f"run {SIGN_IN}" if isinstance(error, KeysRefused) else "")
    return CheckLine("ok", f"{found.arn} in the account {found.account}")


def _listed(settings: AwsSettings, keys: Keys, region: str) -> list[CheckLine]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        bedrock = client("bedrock", region, keys, endpoint=settings.base_url)
        pages = bedrock.get_paginator("list_inference_profiles").paginate()
        count = sum(map(_of_anthropic, pages.search("inferenceProfileSummaries")))
    except ClientError as error:
        return [_refused(error.response.get("Error", {}), region)]
    except (BotoCoreError, ValueError) as error:
        return [CheckLine("bad", f"Bedrock in {region} can't be asked: {described(error)}")]
    if count == 0:
        return [
            CheckLine(
                "warn",
                f"Bedrock in {region} lists no inference profile of a Claude model",
                "set [aws] region to one that has some, such as us-east-1 or eu-central-1",
            )
        ]
    return [
        CheckLine(
            "ok", f"Bedrock in {region} lists {count} inference profile{'s' if count > 1 else ''} of Claude models"
        )
    ]


def _of_anthropic(profile: dict[str, Any] | None) -> bool:
    models = (profile or {}).get("models") or []
    return any("anthropic." in str(model.get("modelArn")) for model in models)


def _refused(error: dict[str, Any], region: str) -> CheckLine:
    code, said = str(error.get("Code", "")), quotable(str(error.get("Message", ""))).rstrip(".")
    if code.startswith("AccessDenied"):
        fix = f"ask for an IAM policy that allows {_LISTS}; Claude Code itself needs {_CALLS}"
        return CheckLine("warn", f"Bedrock in {region} does not list its inference profiles: {said or code}", fix)
    if code.startswith(("UnrecognizedClient", "InvalidClientTokenId", "ExpiredToken")):
        fix = f"run {SIGN_IN}; a region that must be enabled first says this, too, of keys that hold elsewhere"
        return CheckLine("bad", f"Bedrock in {region} does not take these keys: {said or code}", fix)
    return CheckLine("bad", f"Bedrock in {region} refused to list its inference profiles: {said or code}")
