"""Convert Google's errors to the format of the Messages API: Google's message first, then what to do.

Sources, November 2026: https://cloud.google.com/apis/design/errors (``google.rpc`` details) and
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude.
"""

import re
from collections.abc import Iterator
from typing import Any

from candela_tui.protocol.clouds.regions import is_later_than_single_regions
from candela_tui.protocol.errors import (
    FROM_ELSEWHERE,
    NOT_AGAIN,
    ErrorAnswer,
    about_length,
    and_then,
    error_answer,
    error_from_body,
    is_from_elsewhere,
)
from candela_tui.protocol.headers import HeaderList, header, request_id
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.retry_after import retry_after
from candela_tui.providers.vertex.error_table import GOOGLE_ERRORS, STATUS_WITHOUT_NAME

_LOGIN = "Sign in again: `candela auth login --provider gcp` or `gcloud auth application-default login`."
_TOO_LARGE = re.compile(r"request payload size exceeds the limit", re.I)
_NOT_THERE = re.compile(r"not (?:servable|available|supported) in (?:the |this )?(?:region|location)", re.I)
_MULTI_REGIONS = (None, "global", "us", "eu")
_CONSOLE = "https://console.cloud.google.com"


def google_error(
    status: int,
    headers: HeaderList,
    body: bytes,
    *,
    project: str | None,
    region: str | None,
    model: str | None,
    counts: bool = False,
) -> ErrorAnswer | None:
    """Return the client's answer for an error response of Google's, or None if its body is already Anthropic's.

    ``counts`` is true for a token count, which Google offers in fewer regions than the models themselves.
    """
    document = decode_json(body)
    if isinstance(document, list) and document:
        document = document[0]
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict) and document.get("type") == "error":
        return None
    said = error_from_body(status, body).message
    name = error.get("status") if isinstance(error, dict) else None
    row = GOOGLE_ERRORS.get(name) if isinstance(name, str) else None
    shown = row.status if row is not None else STATUS_WITHOUT_NAME.get(status, status)
    if shown == 400 and _TOO_LARGE.search(said):
        shown = 413
    details = list(_details(error))
    own: HeaderList = []
    given = (header(headers, "retry-after"), _text(_of_type(details, "RetryInfo").get("retryDelay")))
    if shown == 429:
        own, ours = [retry_after(*given)], _about_quota(project)
    elif shown in (401, 403) and is_from_elsewhere(body):
        ours = FROM_ELSEWHERE
    elif shown == 401:
        ours = _LOGIN
    elif shown == 403:
        ours = _about_permission(said, details, project, model)
    elif counts and region not in _COUNTING and (shown == 404 or _NOT_THERE.search(said)):
        ours = _about_counting(region)
    elif shown == 404:
        ours = _about_missing(isinstance(error, dict), project, region, model)
    elif shown == 400:
        ours = _about_argument(said, error, region, model)
    else:
        own, ours = ([retry_after(*given)] if shown >= 500 and any(given) else []), ""
    if row is not None and row.must_say_so:
        own = [NOT_AGAIN]
    return error_answer(shown, and_then(said, ours), request_id=request_id(headers), headers=own)


def _details(error: Any) -> Iterator[dict[str, Any]]:
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield detail


def _of_type(details: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next((one for one in details if str(one.get("@type", "")).endswith(f"google.rpc.{name}")), {})


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _of_project(project: str | None) -> str:
    return f"?project={project}" if project else ""


def _about_quota(project: str | None) -> str:
    return f"Quotas: {_CONSOLE}/iam-admin/quotas{_of_project(project)}"


def _about_permission(said: str, details: list[dict[str, Any]], project: str | None, model: str | None) -> str:
    info = _of_type(details, "ErrorInfo")
    metadata = info.get("metadata")
    reason, lower = info.get("reason"), said.lower()
    of_project = f" --project {project}" if project else ""
    if reason == "SERVICE_DISABLED" or "has not been used in project" in lower:
        given = _text(metadata.get("activationUrl")) if isinstance(metadata, dict) else None
        page = given or f"{_CONSOLE}/apis/library/aiplatform.googleapis.com{_of_project(project)}"
        return f"Enable the API: {page} or `gcloud services enable aiplatform.googleapis.com{of_project}`."
    if reason == "BILLING_DISABLED" or "billing" in lower:
        return f"Link a billing account: {_CONSOLE}/billing/linkedaccount{_of_project(project)}"
    if reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT" or "authentication scopes" in lower:
        return f"The credentials lack the scope cloud-platform. {_LOGIN}"
    if reason in ("USER_PROJECT_DENIED", "CONSUMER_INVALID"):
        return "Check project under [vertex] in config.toml, and the quota project of the credentials."
    where = f" (model: {model})" if model else ""
    return (
        "Give the account the role roles/aiplatform.user: `gcloud projects add-iam-policy-binding "
        f"{project or 'PROJECT'} --member=user:EMAIL --role=roles/aiplatform.user`"
        f" (of a service account: serviceAccount:EMAIL){where}"
    )


def _about_missing(is_json: bool, project: str | None, region: str | None, model: str | None) -> str:
    if not is_json:
        return "Check region and base_url under [vertex] in config.toml: nothing of Vertex AI is there."
    page = f"{_CONSOLE}/vertex-ai/publishers/anthropic/model-garden"
    # Claude Code switches to its fallback model if an error of type not_found or permission contains "model:".
    name, of_model = (f"/{model.partition('@')[0]}", f" (model: {model})") if model else ("", "")
    return (
        f"Enable the model in Model Garden: {page}{name}{_of_project(project)} — or set region under [vertex] to one "
        f"that serves it (now {region or 'global'}{_places(region, model)}){of_model}."
    )


def _places(region: str | None, model: str | None) -> str:
    """Return which locations serve a model, if the region may be none of them."""
    later = model is not None and is_later_than_single_regions(model)
    return "; models after Sonnet 4.6 are in global, us and eu" if later and region not in _MULTI_REGIONS else ""


_COUNTING = ("us-east5", "europe-west1", "asia-southeast1")
"""The regions that count tokens. Source, November 2026:
https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/partner-models/claude/count-tokens"""


def _about_counting(region: str | None) -> str:
    # Do not mention the model, which may well serve messages in this region.
    *others, last = _COUNTING
    places = f"{', '.join(others)} and {last}"
    return f"Google counts tokens in {places} (region under [vertex], now {region or 'global'})."


def _about_argument(said: str, error: Any, region: str | None, model: str | None) -> str:
    if _NOT_THERE.search(said):
        now = f"now {region or 'global'}{_places(region, model)}"
        return f"Set region under [vertex] in config.toml to one that serves the model ({now})."
    if isinstance(error, dict) and error.get("status") == "FAILED_PRECONDITION":
        return f"Model Garden says what the model needs: {_CONSOLE}/vertex-ai/model-garden"
    return about_length(said)
