"""The Claude models that an account can use on Bedrock: inference profiles, and models that can be called directly.

Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html and
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html. Each is listed by the name that
candela maps to it where there is one, for Claude Code's picker takes only ids that begin with "claude" or "anthropic";
else by its own id, or the ARN of an application profile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp

from candela_tui.credentials.aws import Keys
from candela_tui.protocol.aws_errors import aws_error
from candela_tui.protocol.model_ids import model_name
from candela_tui.protocol.provider_models import bedrock_id
from candela_tui.protocol.raw_json import decode_json
from candela_tui.proxy.client_answer import error_reply, reply
from candela_tui.proxy.outgoing import Pairs
from candela_tui.proxy.upstreams.bedrock_access import BedrockAccess, keys_refused
from candela_tui.proxy.upstreams.model_list import NoList
from candela_tui.proxy.upstreams.models_answer import ListedModel, listed_model, newest_first
from candela_tui.proxy.upstreams.own_request import OWN_FIELDS, get

_PAGE, _MOST_PAGES = 100, 20
_PROFILES = "/inference-profiles?type={type}&maxResults=" + str(_PAGE)
_MODELS = "/foundation-models?byProvider=anthropic"
_ANTHROPIC = "anthropic."


@dataclass(frozen=True, slots=True)
class _Callable:
    """What can be called."""

    id: str
    name: str | None


class BedrockModels:
    """Asks AWS for the list."""

    def __init__(
        self, access: BedrockAccess, names: Mapping[str, str], profile: str | None, session: aiohttp.ClientSession
    ) -> None:
        """``names`` are the user's own ids on Bedrock by model name; ``profile`` is the one that words name."""
        self._access = access
        self._names = names
        self._own_names = {id: name for name, id in names.items()}
        self._profile = profile
        self._session = session

    async def fetch(self) -> list[ListedModel]:
        """Those of the chosen prefix first, each part with the newest first. Raises what ModelList takes."""
        region = await self._access.region()
        return self._listed(await self._callable(region), region)

    def _listed(self, found: Iterable[_Callable], region: str) -> list[ListedModel]:
        prefix, widen = self._access.profiles(region)
        first: list[ListedModel] = []
        others: list[ListedModel] = []
        for one in found:
            name = self._name(one.id, prefix, widen)
            chosen = name != one.id or (prefix is not None and one.id.startswith(f"{prefix}."))
            model = listed_model(name, one.name if name == one.id else None)
            (first if chosen else others).append(model)
        ordered = [*newest_first(first), *newest_first(others)]
        return list({model.id: model for model in reversed(ordered)}.values())[::-1]

    def _name(self, id: str, prefix: str | None, widen: bool) -> str:
        if own := self._own_names.get(id):
            return own
        known = model_name(id)
        name = f"{known.base}-{known.date}" if known.date else known.base
        mapped = not id.startswith("arn:") and bedrock_id(name, prefix, self._names, widen=widen) == id
        return name if mapped else id

    async def _callable(self, region: str) -> list[_Callable]:
        """Raises NoList where AWS refused all that was asked; a part of it is a list, too."""
        found: list[_Callable] = []
        refusal: NoList | None = None
        for path, member, read in (
            (_PROFILES.format(type="SYSTEM_DEFINED"), "inferenceProfileSummaries", _profile),
            (_PROFILES.format(type="APPLICATION"), "inferenceProfileSummaries", _profile),
            (_MODELS, "modelSummaries", _foundation_model),
        ):
            try:
                rows = await self._rows(path, member, region)
            except NoList as none:
                refusal = refusal or none
                continue
            found += [one for row in rows if isinstance(row, dict) and (one := read(row)) is not None]
        if refusal is not None and not found:
            raise refusal
        return found

    async def _rows(self, path: str, member: str, region: str) -> list[Any]:
        rows: list[Any] = []
        next_token = ""
        for _ in range(_MOST_PAGES):
            page = await self._page(path + (f"&nextToken={quote(next_token, safe='')}" if next_token else ""), region)
            listed, following = page.get(member), page.get("nextToken")
            rows += listed if isinstance(listed, list) else []
            if not following or not isinstance(following, str):
                break
            next_token = following
        return rows

    async def _page(self, path: str, region: str) -> dict[str, Any]:
        keys = await self._access.credentials.keys()
        status, headers, body = await self._get(path, keys, region)
        if keys_refused(keys, status, headers, body):
            keys = await self._access.credentials.renewed(keys)
            status, headers, body = await self._get(path, keys, region)
        if status >= 400:
            answer = aws_error(status, headers, body, now=datetime.now(UTC), region=region, profile=self._profile)
            raise NoList(reply(answer))
        document = decode_json(body)
        if not isinstance(document, dict):
            words = f"Bedrock was asked for its models and answered HTTP {status} without a list"
            raise NoList(error_reply(502, words))
        return document

    async def _get(self, path: str, keys: Keys, region: str) -> tuple[int, Pairs, bytes]:
        request = await self._access.signed("GET", path, OWN_FIELDS, b"", keys, region, control=True)
        return await get(self._session, request.url, request.headers)


def _profile(row: dict[str, Any]) -> _Callable | None:
    """``{"inferenceProfileId": "us.anthropic.claude-…", "inferenceProfileName", "type", "models": [{"modelArn"}]}``; an
    application profile's id is opaque, and it is called by its ARN."""
    models = row.get("models")
    arns = (
        [str(model.get("modelArn")) for model in models if isinstance(model, dict)] if isinstance(models, list) else []
    )
    if not any(_ANTHROPIC in arn for arn in arns):
        return None
    id = row.get("inferenceProfileArn" if row.get("type") == "APPLICATION" else "inferenceProfileId")
    return _Callable(id, _text(row.get("inferenceProfileName"))) if isinstance(id, str) else None


def _foundation_model(row: dict[str, Any]) -> _Callable | None:
    """``{"modelId": "anthropic.claude-…", "modelName", "inferenceTypesSupported": ["ON_DEMAND"]}``; what is called by
    profiles alone is not listed."""
    id, kinds = row.get("modelId"), row.get("inferenceTypesSupported")
    if not isinstance(id, str) or not id.startswith(_ANTHROPIC):
        return None
    if not isinstance(kinds, list) or "ON_DEMAND" not in kinds:
        return None
    return _Callable(id, _text(row.get("modelName")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
