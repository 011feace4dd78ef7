"""Amazon's errors in the form of the Messages API: Amazon's words first, then what to do.

Sources: the errors of InvokeModel and of every action, November 2026:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html#API_runtime_InvokeModel_Errors
https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from candela_tui.protocol.aws_headers import Pairs, without_body_fields
from candela_tui.protocol.errors import (
    NOT_AGAIN,
    ErrorAnswer,
    about_length,
    and_then,
    error_answer,
    error_from_body,
    error_type,
)
from candela_tui.protocol.headers import header, request_id
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.retry_after import retry_after

_STATUS: Mapping[str, int] = {
    "throttling": 429,
    "throttled": 429,
    "toomanyrequests": 429,
    "servicequotaexceeded": 429,
    "limitexceeded": 429,
    "requestlimitexceeded": 429,
    "serviceunavailable": 529,
    "modelnotready": 529,
    "overloaded": 529,
    "unrecognizedclient": 401,
    "invalidclienttokenid": 401,
    "invalidaccesskeyid": 401,
    "invalidsignature": 401,
    "signaturedoesnotmatch": 401,
    "incompletesignature": 401,
    "missingauthenticationtoken": 401,
    "expiredtoken": 401,
    "invalidtoken": 401,
    "requestexpired": 401,
    "accessdenied": 403,
    "notauthorized": 403,
    "optinrequired": 403,
    "validation": 400,
    "serialization": 400,
    "resourcenotfound": 404,
    "unknownoperation": 404,
    "requestentitytoolarge": 413,
    "modeltimeout": 504,
    # Amazon's status is 424, which no client tries again.
    "model": 500,
    "modelstream": 500,
    "internalserver": 500,
    "internalfailure": 500,
}
"""By the name of the error in lower case, without "Exception" and "Error" at its end."""
_STATUS_WITHOUT_NAME = {408: 504, 424: 500, 502: 500, 503: 529}

_MOST_SKEW = timedelta(minutes=4)
"""Amazon takes a signature for five minutes before and after."""
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
_PER_DAY = re.compile(r"\bper day\b|\bdaily\b", re.I)


def aws_error(
    status: int,
    headers: Pairs,
    body: bytes,
    *,
    now: datetime,
    region: str | None = None,
    model: str | None = None,
    profile: str | None = None,
) -> ErrorAnswer:
    """What the client gets for an answer of Amazon's with an error status.

    ``now`` is this machine's time (aware), to tell a wrong clock. Region, model and profile make the advice fit.
    """
    document = decode_json(body)
    name = _name(header(headers, "x-amzn-errortype") or _named_in(document))
    # What follows quotes the fields that were signed, the session token among them.
    said = error_from_body(status, body).message.partition(_CANONICAL)[0]
    known = _STATUS.get(_kind(name))
    shown = known or _STATUS_WITHOUT_NAME.get(status, status)
    if shown == 403 and _BEARER.search(said):
        shown = 401
    own: Pairs = []
    if shown == 429 and _PER_DAY.search(said):
        own, ours = [NOT_AGAIN], "Trying again within minutes can't help."
    elif shown == 429:
        own, ours = [retry_after(header(headers, "retry-after"))], ""
    elif shown == 401:
        ours = _about_credentials(said, headers, now, profile)
    elif shown == 403:
        ours = _about_access(said, region, model)
    elif shown == 404:
        ours = _about_missing(said, region, model)
    elif shown == 400:
        ours = _about_validation(said, region)
    else:
        ours = ""
    if shown == 529 and (given := header(headers, "retry-after")):
        own = [retry_after(given)]
    rest = [(key, value) for key, value in without_body_fields(headers) if key.lower().startswith("x-amzn-")]
    return error_answer(shown, and_then(said, ours), request_id=request_id(headers), headers=[*own, *rest])


def error_type_in_stream(name: str) -> str:
    """The Messages error type for an exception frame's ``:exception-type``.

    Throttling is ``overloaded_error`` there: as long as no content has come, Claude Code streams such an answer again,
    with a growing delay, and asks without streaming after any other error (seen with 2.1.197).
    """
    status = _STATUS.get(_kind(_name(name)), 500)
    return error_type(529 if status == 429 else status)


def _name(text: str) -> str:
    """``com.amazon.coral.service#ThrottlingException:http://internal.amazon.com/…`` is ThrottlingException."""
    return text.partition(":")[0].rpartition("#")[2].strip()


def _named_in(document: Any) -> str:
    if not isinstance(document, dict):
        return ""
    places = (document, document.get("Output"), document.get("Error"))
    names = (place.get(key) for place in places if isinstance(place, dict) for key in ("__type", "code", "Code"))
    return next((name for name in names if isinstance(name, str)), "")


def _kind(name: str) -> str:
    return name.lower().removesuffix("exception").removesuffix("error")


def _about_credentials(said: str, headers: Pairs, now: datetime, profile: str | None) -> str:
    if _BEARER.search(said):
        return (
            f"Make a new Bedrock API key in the Bedrock console and sign in with it ({_SIGN_IN}), or set "
            "AWS_BEARER_TOKEN_BEDROCK to it."
        )
    skew = _skew(headers, now)
    if skew is not None and abs(skew) >= _MOST_SKEW:
        side = "ahead of" if skew > timedelta() else "behind"
        return (
            f"This machine's clock is {_amount(abs(skew))} {side} Amazon's, which takes a signature for five minutes: "
            "set the clock (timedatectl set-ntp true; on macOS: sudo sntp -sS time.apple.com)."
        )
    if _SIGNING_TIME.search(said):
        return "The request took more than five minutes to reach Amazon, or this machine's clock is wrong: check both."
    of_profile = f" --profile {profile}" if profile else ""
    return f"Sign in again: {_SIGN_IN} or `aws sso login{of_profile}`, or set other keys: `aws configure{of_profile}`."


def _skew(headers: Pairs, now: datetime) -> timedelta | None:
    """How far this machine's clock is ahead of Amazon's."""
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
    # Claude Code goes on with its fallback model where an error of type not_found or permission says "model:".
    return f" (model: {model})" if model else ""


def _about_access(said: str, region: str | None, model: str | None) -> str:
    of_model = _for_model(model)
    if _DENIED.search(said):
        return f"A policy denies it: ask the administrator of the account{of_model}."
    match = _NOT_ALLOWED.search(said)
    if match is not None and not _MARKETPLACE.search(said):
        action = match[1] or "bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream"
        return f"Ask for an IAM policy that allows {action} on the model and its inference profile{of_model}."
    return f"Enable the model for this account: {_console(region, 'modelaccess')}{of_model}"


def _about_missing(said: str, region: str | None, model: str | None) -> str:
    of_model = _for_model(model)
    if _USE_CASE.search(said):
        return f"Fill in the form where the model is in the catalog: {_console(region, 'model-catalog')}{of_model}"
    where = f" in {region}" if region else ""
    return f"See which models there are{where}: {_console(region, 'model-catalog')}{of_model}"


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
