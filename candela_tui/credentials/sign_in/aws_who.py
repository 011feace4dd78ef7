"""The live check of a sign-in to AWS: whose the keys are, where Bedrock is asked, and what it lists."""

import asyncio
import os
from typing import Any

from candela_tui.config import ConfigError, load
from candela_tui.config.settings import AwsSettings
from candela_tui.credentials.aws_chain import profile_region
from candela_tui.credentials.aws_client import client
from candela_tui.credentials.aws_source import API_KEY, Source, keys_from, source_of
from candela_tui.credentials.aws_sts import identity
from candela_tui.credentials.aws_words import SIGN_IN, described
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.credentials.keys import BearerKey, Keys
from candela_tui.credentials.sign_in.provider import CheckLine, Desk
from candela_tui.credentials.sign_in.talk import Abandoned
from candela_tui.credentials.vault.errors import VaultError

_LIMIT_S = 60.0
_LISTS = "bedrock:ListInferenceProfiles"
_CALLS = "bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream"


async def who(desk: Desk) -> list[CheckLine]:
    """Whose the keys are, the region, and the inference profiles there."""
    calls = BlockingCalls("AWS credentials", _LIMIT_S)
    try:
        settings = (await asyncio.to_thread(load, desk.config)).aws
    except ConfigError:
        settings = desk.settings.aws
    try:
        source = source_of(settings, os.environ, desk.accounts)
        keys = await _keys(desk, source, calls)
        region = source.region or await calls.run(lambda: profile_region(source.profile))
        lines = [await calls.run(lambda: _whose(source, keys, region or "us-east-1"))]
        if lines[0].state == "bad":
            return lines
        if region is None:
            fix = "set [aws] region, or AWS_REGION, to where you have Claude on Bedrock"
            return [*lines, CheckLine("bad", "no AWS region is known", fix)]
        return [*lines, *await calls.run(lambda: _listed(settings, keys, region))]
    except (CredentialsError, VaultError) as error:
        return [CheckLine("bad", str(error))]
    except Abandoned:
        return [CheckLine("bad", "what candela signed in to AWS with was not unlocked")]


async def _keys(desk: Desk, source: Source, calls: BlockingCalls) -> Keys:
    if source.account is None:
        return (await calls.run(lambda: keys_from(source))).value
    vault = await desk.opened(source.account)
    return (await calls.run(lambda: keys_from(source, lambda _: vault))).value


def _whose(source: Source, keys: Keys, region: str) -> CheckLine:
    if isinstance(keys, BearerKey):
        place = API_KEY if source.api_key is not None else "candela's vault"
        return CheckLine("ok", f"a Bedrock API key of {place}: AWS tells nobody whose it is")
    try:
        found = identity(keys, region)
    except CredentialsError as error:
        return CheckLine("bad", str(error), f"run {SIGN_IN}")
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
