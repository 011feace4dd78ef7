"""Amazon's errors in the form of the Messages API: Amazon's message first, then advice."""

import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from candela_tui.protocol.bedrock.error_table import STATUS_WITHOUT_NAME, row_of
from candela_tui.protocol.bedrock.headers import without_body_fields
from candela_tui.protocol.errors import (
    FROM_ELSEWHERE,
    NOT_AGAIN,
    ErrorAnswer,
    about_length,
    and_then,
    error_answer,
    error_from_body,
    error_type,
    is_from_elsewhere,
)
from candela_tui.protocol.headers import HeaderList, header, request_id
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.retry_after import retry_after

_ORIGINAL = frozenset({400, 408, 413, 429, 503, 529})
"""The statuses of a model's own error that say what to do; any other says that something is wrong at Amazon."""

_MOST_SKEW = timedelta(minutes=4)
"""Amazon accepts a signature for five minutes before and after."""
_SIGNING_TIME = re.compile(r"signature (?:expired|not yet current)|request has expired|requesttimetooskewed", re.I)
_CANONICAL = "The Canonical String for this request"
_SIGN_IN = "`candela auth login --provider aws`"
_BEARER = re.compile(r"bearer token|api key", re.I)
_ON_DEMAND = re.compile(r"on-demand throughput|inference profile", re.I)
_MODEL_ID = re.compile(r"model identifier is invalid|model id|provided model", re.I)
_USE_CASE = re.compile(r"use case (?:details|form)", re.I)
_NOT_ALLOWED = re.compile(r"not authorized to perform:?\s*([\w-]+:\w+)?", re.I)
_DENIED = re.compile(r"explicit deny", re.I)
_MARKETPLACE = re.compile(r"aws-marketplace|subscri", re.I)
_PROCESSED = re.compile(r"still being processed", re.I)
_TOO_LARGE = re.compile(r"at 'body' failed to satisfy constraint: Member must have length less than or equal to", re.I)
"""The limit of InvokeModel, of 25,000,000 bytes: https://github.com/langchain-ai/langchain-aws/issues/419"""
_PER_DAY = re.compile(r"\bper day\b|\bdaily\b", re.I)


def aws_error(
    status: int,
    headers: HeaderList,
    body: bytes,
    *,
    now: datetime,
    region: str | None = None,
    model: str | None = None,
    profile: str | None = None,
) -> ErrorAnswer:
    """Return the client's error answer for one of Amazon's.

    ``now`` is this machine's time (aware), to detect a wrong clock. Region, model and profile make the advice specific.
    """
    document = decode_json(body)
    name = _name(header(headers, "x-amzn-errortype") or _named_in(document))
    # The rest quotes the signed fields, including the session token.
    said = error_from_body(status, body).message.partition(_CANONICAL)[0]
    row = row_of(name)
    shown = row.status if row is not None else STATUS_WITHOUT_NAME.get(status, status)
    if shown == 403 and _BEARER.search(said):
        shown = 401
    elif shown == 400 and _TOO_LARGE.search(said):
        shown = 413
    elif (original := _original(document)) is not None:
        shown = original
    own: HeaderList = []
    if shown == 429 and _PER_DAY.search(said):
        own, ours = [NOT_AGAIN], "Trying again within minutes can't help."
    elif shown == 429:
        own, ours = [retry_after(header(headers, "retry-after"))], ""
    elif shown in (401, 403) and not name and is_from_elsewhere(body):
        ours = FROM_ELSEWHERE
    elif shown == 401:
        ours = _about_credentials(said, headers, now, profile)
    elif shown == 403:
        ours = _about_access(said, region, model)
    elif shown == 404:
        ours = "" if name == "UnknownOperationException" else _about_missing(said, region, model)
    elif shown == 400:
        ours = _about_validation(said, region)
    else:
        ours = ""
    if shown >= 500 and (given := header(headers, "retry-after")):
        own = [retry_after(given)]
    if row is not None and row.must_say_so:
        own.append(NOT_AGAIN)
    rest = [(key, value) for key, value in without_body_fields(headers) if key.lower().startswith("x-amzn-")]
    return error_answer(shown, and_then(said, ours), request_id=request_id(headers), headers=[*own, *rest])


def error_type_in_stream(name: str, document: Any = None) -> str:
    """Return the Messages error type for an exception frame's ``:exception-type`` and the document in it.

    Throttling is ``overloaded_error`` there: Claude Code retries such a stream with a growing delay if no content has
    arrived, and after any other error it retries without streaming (observed with 2.1.197; by its text, 2.1.332 too).
    """
    row = row_of(_name(name))
    status = _original(document) or (row.status if row is not None else 500)
    return error_type(529 if status == 429 else status)


def _name(text: str) -> str:
    """Return the bare name: ThrottlingException of ``com.amazon.coral.service#ThrottlingException:http://…``."""
    return text.partition(":")[0].rpartition("#")[2].strip()


def _named_in(document: Any) -> str:
    if not isinstance(document, dict):
        return ""
    places = (document, document.get("Output"), document.get("Error"))
    names = (place.get(key) for place in places if isinstance(place, dict) for key in ("__type", "code", "Code"))
    return next((name for name in names if isinstance(name, str)), "")


def _original(document: Any) -> int | None:
    """Return the client's status for the error of the model that a ModelErrorException passes on, or None."""
    status = document.get("originalStatusCode") if isinstance(document, dict) else None
    return STATUS_WITHOUT_NAME.get(status, status) if isinstance(status, int) and status in _ORIGINAL else None


def _about_credentials(said: str, headers: HeaderList, now: datetime, profile: str | None) -> str:
    if _BEARER.search(said):
        return (
            f"Make a new Bedrock API key in the Bedrock console and sign in with it ({_SIGN_IN}), or set "
            "AWS_BEARER_TOKEN_BEDROCK to it."
        )
    skew = _skew(headers, now)
    if skew is not None and abs(skew) >= _MOST_SKEW:
        side = "ahead of" if skew > timedelta() else "behind"
        return (
            f"This machine's clock is {_amount(abs(skew))} {side} Amazon's, which accepts a signature for five "
            "minutes: set the clock (timedatectl set-ntp true; on macOS: sudo sntp -sS time.apple.com)."
        )
    if _SIGNING_TIME.search(said):
        return "The request took more than five minutes to reach Amazon, or this machine's clock is wrong: check both."
    of_profile = f" --profile {profile}" if profile else ""
    return f"Sign in again: {_SIGN_IN} or `aws sso login{of_profile}`, or set other keys: `aws configure{of_profile}`."


def _skew(headers: HeaderList, now: datetime) -> timedelta | None:
    """Return how far this machine's clock is ahead of Amazon's."""
    try:
        theirs = parsedate_to_datetime(header(headers, "date") or "")
    except (ValueError, OverflowError):
        return None
    return now - theirs if theirs.tzinfo is not None else None


def _amount(skew: timedelta) -> str:
    minutes = round(skew.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{round(minutes / 60)} hours" if minutes < 48 * 60 else f"{round(minutes / 60 / 24)} days"


def _console(region: str | None, page: str) -> str:
    host, query = (f"{region}.console", f"?region={region}") if region else ("console", "")
    return f"https://{host}.aws.amazon.com/bedrock/home{query}#/{page}"


def _for_model(model: str | None) -> str:
    # Claude Code uses its fallback model if an error of type not_found or permission says "model:".
    return f" (model: {model})" if model else ""


def _about_access(said: str, region: str | None, model: str | None) -> str:
    of_model = _for_model(model)
    if _DENIED.search(said):
        return f"A policy denies it: ask the administrator of the account{of_model}."
    if _PROCESSED.search(said):
        return "The subscription to the model takes up to 15 minutes: try again then."
    match = _NOT_ALLOWED.search(said)
    if match is not None and not _MARKETPLACE.search(said):
        action = match[1] or "bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream"
        return f"Ask for an IAM policy that allows {action} on the model and its inference profile{of_model}."
    return f"Enable the model for this account: {_console(region, 'modelaccess')}{of_model}"


def _about_missing(said: str, region: str | None, model: str | None) -> str:
    of_model = _for_model(model)
    if _USE_CASE.search(said):
        return f"Fill in the use case form in the model catalog: {_console(region, 'model-catalog')}{of_model}"
    where = f" in {region}" if region else ""
    return f"See the available models{where}: {_console(region, 'model-catalog')}{of_model}"


def _about_validation(said: str, region: str | None) -> str:
    if _ON_DEMAND.search(said):
        return (
            "Set inference_profile under [aws] in config.toml (us, eu, apac, global …), or the whole id as bedrock "
            'under [models."NAME"].'
        )
    if _MODEL_ID.search(said):
        where = f" in {region}" if region else ""
        return f'Set the id{where} as bedrock under [models."NAME"] in config.toml, or region under [aws].'
    return about_length(said)
