"""List the Claude models that an account can use on Bedrock: inference profiles and models that are called directly.

Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html and
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html. Each one is listed under the name
that candela maps to it, because Claude Code's model picker accepts only ids that start with "claude" or "anthropic".
Without such a name it is listed under its own id, or under the ARN of an application profile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from candela_tui.protocol.bedrock.errors import aws_error
from candela_tui.protocol.clouds.model_ids import bedrock_id
from candela_tui.protocol.clouds.regions import NoProfile
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.model_ids import model_name
from candela_tui.protocol.raw_json import decode_json
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.bedrock.access import BedrockAccess, keys_refused
from candela_tui.providers.bedrock.credentials.aws import Keys
from candela_tui.providers.identity import Provider
from candela_tui.providers.model_list import OWN_FIELDS, NoList
from candela_tui.providers.models_answer import ListedModel, listed_model, newest_first
from candela_tui.providers.replies import error_reply, reply
from candela_tui.providers.upstream import Attempt, Reply

_PAGE, _MOST_PAGES = 100, 20
_PROFILES = "/inference-profiles?type={type}&maxResults=" + str(_PAGE)
_MODELS = "/foundation-models?byProvider=anthropic"
_ANTHROPIC = "anthropic."


@dataclass(frozen=True, slots=True)
class _Callable:
    """An inference profile or model that can be called."""

    id: str
    name: str | None


class BedrockModels:
    """Fetches the list of models from AWS."""

    def __init__(
        self, access: BedrockAccess, names: Mapping[str, str], profile: str | None, attempts: Attempts
    ) -> None:
        """``names`` maps model names to the user's own ids on Bedrock. ``profile`` is the AWS profile named in error
        messages."""
        self._access = access
        self._names = names
        self._own_names = {id: name for name, id in names.items()}
        self._profile = profile
        self._attempts = attempts

    async def fetch(self) -> list[ListedModel]:
        """Return the models with the chosen prefix and then the others, each newest first. Raises the errors that
        ModelList handles."""
        region = await self._access.region()
        return self._listed(await self._callable(region), region)

    def _listed(self, found: Iterable[_Callable], region: str) -> list[ListedModel]:
        prefix, auto = self._access.profiles(region)
        first: list[ListedModel] = []
        others: list[ListedModel] = []
        for one in found:
            name = self._name(one.id, prefix, auto)
            chosen = name != one.id or (prefix is not None and one.id.startswith(f"{prefix}."))
            model = listed_model(name, one.name if name == one.id else None)
            (first if chosen else others).append(model)
        ordered = [*newest_first(first), *newest_first(others)]
        return list({model.id: model for model in reversed(ordered)}.values())[::-1]

    def _name(self, id: str, prefix: str | None, region: str | None) -> str:
        if own := self._own_names.get(id):
            return own
        known = model_name(id)
        name = f"{known.base}-{known.date}" if known.date else known.base
        if id.startswith("arn:"):
            return id
        try:
            return name if bedrock_id(name, prefix, self._names, region=region) == id else id
        except NoProfile:
            return id

    async def _callable(self, region: str) -> list[_Callable]:
        """Return what can be called, from all lists that AWS does not refuse. Raises NoList if that leaves nothing."""
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
        answer = await self._attempts.fetch(await self._attempt(path, region, await self._access.credentials.keys()))
        if answer.status >= 400:
            raise NoList(answer)
        document = decode_json(answer.body)
        if not isinstance(document, dict):
            words = f"Bedrock was asked for its models and answered HTTP {answer.status} without a list"
            raise NoList(error_reply(502, words))
        return document

    async def _attempt(self, path: str, region: str, keys: Keys, *, again: bool = False) -> Attempt:
        return Attempt(
            request=await self._access.signed("GET", path, OWN_FIELDS, b"", keys, region, control=True),
            provider=Provider.BEDROCK,
            region=region,
            own_credentials=True,
            on_error=partial(self._after_error, path, region, keys, again),
        )

    async def _after_error(
        self, path: str, region: str, keys: Keys, again: bool, status: int, headers: HeaderList, body: bytes
    ) -> Attempt | Reply:
        if not again and keys_refused(keys, status, headers, body):
            return await self._attempt(path, region, await self._access.credentials.renewed(keys), again=True)
        return reply(aws_error(status, headers, body, now=datetime.now(UTC), region=region, profile=self._profile))


def _profile(row: dict[str, Any]) -> _Callable | None:
    """Return the inference profile of a row, or None if it is not for an Anthropic model.

    A row is ``{"inferenceProfileId": "us.anthropic.claude-…", "inferenceProfileName", "type", "models":
    [{"modelArn"}]}``. An application profile has an opaque id and is called by its ARN."""
    models = row.get("models")
    arns = (
        [str(model.get("modelArn")) for model in models if isinstance(model, dict)] if isinstance(models, list) else []
    )
    if not any(_ANTHROPIC in arn for arn in arns):
        return None
    id = row.get("inferenceProfileArn" if row.get("type") == "APPLICATION" else "inferenceProfileId")
    return _Callable(id, _text(row.get("inferenceProfileName"))) if isinstance(id, str) else None


def _foundation_model(row: dict[str, Any]) -> _Callable | None:
    """Return the model of a row, or None if it is not Anthropic's or can be called only through inference profiles.

    A row is ``{"modelId": "anthropic.claude-…", "modelName", "inferenceTypesSupported": ["ON_DEMAND"]}``."""
    id, kinds = row.get("modelId"), row.get("inferenceTypesSupported")
    if not isinstance(id, str) or not id.startswith(_ANTHROPIC):
        return None
    if not isinstance(kinds, list) or "ON_DEMAND" not in kinds:
        return None
    return _Callable(id, _text(row.get("modelName")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
