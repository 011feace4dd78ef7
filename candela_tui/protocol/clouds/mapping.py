"""Messages requests in the forms that Vertex AI and Bedrock accept: spliced, not re-encoded."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.clouds.betas import Asked, ChosenBetas, Flags, choose, closed, closed_places
from candela_tui.protocol.clouds.cache_marks import MARK, narrow_marks
from candela_tui.protocol.clouds.model_ids import bedrock_id, foundation_model, mantle_id, vertex_id
from candela_tui.protocol.clouds.refusals import MID_CONVERSATION_SYSTEM, RefusedParts
from candela_tui.protocol.clouds.regions import counts_at_mantle
from candela_tui.protocol.clouds.request_scan import USUAL_MARK, RequestScan, scan_request
from candela_tui.protocol.clouds.support import Cloud
from candela_tui.protocol.clouds.support_table import (
    BEDROCK,
    CACHE_SCOPE,
    CACHE_TTL,
    SYSTEM_MESSAGES,
    VERTEX,
)
from candela_tui.protocol.clouds.system_messages import fold_system_messages, remove_emptied_messages
from candela_tui.protocol.json_spans import Span
from candela_tui.protocol.json_splice import ANY, NotSpliceable, Path, Splice
from candela_tui.protocol.model_ids import ModelName, model_name
from candela_tui.protocol.raw_json import decode_json

_VERTEX_VERSION = b'"anthropic_version":"vertex-2023-10-16"'
_BEDROCK_VERSION = b'"anthropic_version":"bedrock-2023-05-31"'

_USER_PROFILE = "user_profile_id"

_NOTHING_REFUSED = RefusedParts()

# Without these the request would have another meaning: the provider's refusal is the better answer then.
_ESSENTIAL = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "thinking", "max_tokens", "anthropic_version"}
)
_LISTS = frozenset({"messages", "system", "tools"})
_ESSENTIAL_WITHIN = frozenset(
    {
        # One kind of thinking, source or tool_choice refuses these, and another kind needs them.
        "budget_tokens",
        "content",
        "data",
        "disable_parallel_tool_use",
        "file_id",
        "id",
        "input",
        "input_schema",
        "media_type",
        "name",
        "role",
        "signature",
        "source",
        "text",
        "thinking",
        "tool_use_id",
        "type",
        "url",
    }
)


class NotMappable(ValueError):
    """The body can't be mapped to the provider's form. The message is for the client's 400."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A request body in the provider's form."""

    body: bytes
    model: str
    """The model as the provider spells it, not percent-encoded."""
    streamed: bool
    betas: tuple[str, ...]
    """For the anthropic-beta header of Vertex AI and bedrock-mantle; for Bedrock they are already in the body."""
    adaptations: tuple[Adaptation, ...]
    requested: str
    """The model as the client named it."""


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """The inputs of a mapping besides the request's body."""

    betas: Sequence[str]
    """The client's beta flags, one by one."""
    names: Mapping[str, str]
    """The user's model ids by model name."""
    own_betas: Mapping[str, bool | str]
    """The user's own table of beta flags."""
    profile_prefix: str | None = None
    """Bedrock: the prefix of inference profiles, such as ``us``. None: models are called directly."""
    region: str | None = None
    """Bedrock: the region, if it chooses the profile, and not a setting."""
    user_profile: str | None = None
    """Bedrock: the client's user profile, which it takes in the body, as the anthropic SDK 2.12 and later send it."""


def to_vertex(body: bytes, options: MappingOptions, *, without: RefusedParts = _NOTHING_REFUSED) -> Mapped:
    """Map the body of POST /v1/messages, leaving out what was refused before. Raises NotMappable."""
    request = _Request(body, VERTEX)
    model = vertex_id(request.model, options.names)
    chosen = request.adapt(model, options, without)
    request.put_version(_VERTEX_VERSION)
    return request.mapped(model, chosen)


def to_bedrock(body: bytes, options: MappingOptions, *, without: RefusedParts = _NOTHING_REFUSED) -> Mapped:
    """Map the body of POST /v1/messages, leaving out what was refused before. Raises NotMappable."""
    request = _Request(body, BEDROCK)
    model = bedrock_id(request.model, options.profile_prefix, options.names, region=options.region)
    chosen = request.adapt(model, options, without)
    request.put_version(_BEDROCK_VERSION + _user_profile(request, options, without), chosen.sent)
    request.drop_silently("stream")
    return request.mapped(model, chosen)


def count_tokens_to_vertex(body: bytes, options: MappingOptions, *, without: RefusedParts = _NOTHING_REFUSED) -> Mapped:
    """Map the body of POST /v1/messages/count_tokens; its model stays in the body. Raises NotMappable."""
    request = _Request(body, VERTEX)
    model = vertex_id(request.model, options.names)
    chosen = request.adapt(model, options, without, counting=True)
    request.put_version(b'"model":' + msgspec.json.encode(model) + b"," + _VERTEX_VERSION)
    return request.mapped(model, chosen)


def count_tokens_to_bedrock(
    body: bytes, options: MappingOptions, *, without: RefusedParts = _NOTHING_REFUSED
) -> Mapped:
    """Map the body of POST /v1/messages/count_tokens to that of the endpoint that counts for the model.

    bedrock-runtime takes ``{"input": {"invokeModel": {"body": base64}}}`` at /model/{id}/count-tokens, where the id is
    that of a foundation model, and what is counted must be a whole request, with ``max_tokens``. bedrock-mantle takes
    the body as it is, with ``anthropic.NAME`` as its model; ``counts_at_mantle`` says for which.
    https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html. Raises NotMappable.
    """
    request = _Request(body, BEDROCK)
    id = bedrock_id(request.model, options.profile_prefix, options.names)
    # The ARN of an application profile names no model.
    counted = id if model_name(id).version else request.model
    if counts_at_mantle(counted):
        model = mantle_id(counted)
        chosen = request.adapt(model, options, without, counting=True)
        request.put_version(b'"model":' + msgspec.json.encode(model))
        for name in ("stream", "max_tokens"):
            request.drop_silently(name)
        return request.mapped(model, chosen)
    model = foundation_model(id)
    chosen = request.adapt(model, options, without, counting=True)
    limit = b"" if request.has("max_tokens") else b',"max_tokens":1'
    request.put_version(_BEDROCK_VERSION + limit, chosen.sent)
    request.drop_silently("stream")
    mapped = request.mapped(model, chosen)
    wrapped = b'{"input":{"invokeModel":{"body":"' + base64.b64encode(mapped.body) + b'"}}}'
    return replace(mapped, body=wrapped, streamed=False)


class _Request:
    """One request while it is mapped to a provider's form."""

    def __init__(self, body: bytes, cloud: Cloud) -> None:
        self._cloud = cloud
        self._adaptations: list[Adaptation] = []
        try:
            self._splice = Splice(body)
        except NotSpliceable as error:
            raise NotMappable(str(error)) from None
        model = self._value("model")
        if not isinstance(model, str) or not model.strip():
            raise NotMappable("model: the request names no model")
        self.model = model

    def has(self, name: str) -> bool:
        return self._splice.member(name) is not None

    def _value(self, name: str) -> object:
        span = self._splice.member(name)
        return decode_json(self._splice.raw(span)) if span is not None else None

    def adapt(
        self, model: str, options: MappingOptions, without: RefusedParts, *, counting: bool = False
    ) -> ChosenBetas:
        """Remove what the cloud does not accept, according to its table and to what it refused before."""
        flags = [*options.betas, *self._betas_of_body()]
        named = model_name(self.model)
        known = named if named.version else model_name(model)
        top = frozenset(span.name for span in self._splice.inside(self._splice.root))
        chosen = choose(flags, self._cloud, Asked(known, options.own_betas, without, top, counting))
        self._adaptations += chosen.adaptations
        scan = scan_request(self._splice.decodable(self._splice.root))
        try:
            for path, why in closed_places(self._cloud, known, chosen.flags):
                if path.partition(".")[0] in top:
                    self._drop(path, why, scan.system_messages)
            self._clean_marks(scan, known, chosen.flags, without)
            for path in sorted(without.fields):
                if not _is_in_mark(path) and not _is_essential(tuple(path.split("."))):
                    self._drop(path, f"{self._cloud.name} refused it for this model{without.and_until(path)}")
            if any(adaptation.name.startswith("messages.") for adaptation in self._adaptations):
                remove_emptied_messages(self._splice, scan.system_messages)
            if scan.system_messages and (why := self._why_folded(known, chosen.flags, options, without)):
                self._fold(scan.system_messages, why)
        except NotSpliceable as error:
            raise NotMappable(str(error)) from None
        return chosen

    def put_version(self, version: bytes, betas: Sequence[str] = ()) -> None:
        """Replace the model with the version (and the flags), and remove the client's own."""
        flags = b',"anthropic_beta":' + msgspec.json.encode(list(betas)) if betas else b""
        span = self._splice.member("model")
        if span is not None:
            self._splice.replace(span.start, span.end, version + flags)
        self.drop_silently("anthropic_version")
        self.drop_silently("anthropic_beta")

    def drop_silently(self, name: str) -> None:
        """Remove a member that the provider expects elsewhere."""
        root = self._splice.root
        for number, span in enumerate(self._splice.inside(root)):
            if span.name == name:
                self._splice.remove(root, number)

    def mapped(self, model: str, chosen: ChosenBetas) -> Mapped:
        streamed = self._value("stream") is True
        return Mapped(self._splice.rendered(), model, streamed, chosen.sent, tuple(self._adaptations), self.model)

    def _betas_of_body(self) -> list[str]:
        flags = self._value("anthropic_beta")
        return [flag for flag in flags if isinstance(flag, str)] if isinstance(flags, list) else []

    def _drop(self, path: str, why: str, system_messages: Sequence[int] | None = None) -> None:
        """Remove a place, and what holds nothing else. In a conversation, look at these messages, or at all."""
        within = tuple(path.split("."))
        found = [spot for spot in self._find(within, system_messages) if not self._splice.is_removed(*spot)]
        if not found:
            return
        for container, number in found:
            self._splice.remove(container, number)
        self._adaptations.append(Adaptation("field", path, f"left out: {why}"))
        while not _is_essential(within := within[:-1]):
            for parent, number in self._splice.find(within):
                if self._splice.empties(self._splice.inside(parent)[number]):
                    self._splice.remove(parent, number)

    def _find(self, path: Path, system_messages: Sequence[int] | None) -> Iterator[tuple[Span, int]]:
        messages = self._splice.member("messages") if path[0] == "messages" else None
        if messages is None or system_messages is None:
            yield from self._splice.find(path)
            return
        for number in system_messages:
            yield from self._splice.find(path[2:], self._splice.inside(messages)[number])

    def _clean_marks(self, scan: RequestScan, model: ModelName, flags: Flags, without: RefusedParts) -> None:
        """Remove unknown members from cache_control: one of them makes the whole request fail."""
        refused = {path.rpartition(".")[2]: path for path in without.fields if _is_in_mark(path)}
        known = set(USUAL_MARK)
        if not closed(CACHE_SCOPE, self._cloud, model, flags):
            known.add("scope")
        if closed(CACHE_TTL, self._cloud, model, flags):
            known.discard("ttl")
        known -= refused.keys() - {"type"}
        if known >= USUAL_MARK and not scan.unusual_marks:
            return
        for name in sorted(narrow_marks(self._splice, known)):
            said = "does not know it"
            if name in refused:
                said = f"refused it for this model{without.and_until(refused[name])}"
            why = f"left out of the cache marks: {self._cloud.name} {said}"
            self._adaptations.append(Adaptation("field", f"{MARK}.{name}", why))

    def _why_folded(self, model: ModelName, flags: Flags, options: MappingOptions, without: RefusedParts) -> str:
        """Return why messages of role system must be folded, or an empty string."""
        if options.own_betas.get(MID_CONVERSATION_SYSTEM) is False:
            return "your settings say so"
        if SYSTEM_MESSAGES.path in without.fields or MID_CONVERSATION_SYSTEM in without.betas:
            until = without.and_until(SYSTEM_MESSAGES.path, MID_CONVERSATION_SYSTEM)
            return f"{self._cloud.name} refused such messages for this model{until}"
        return self._cloud.why_not(SYSTEM_MESSAGES, model) if closed(SYSTEM_MESSAGES, self._cloud, model, flags) else ""

    def _fold(self, system_messages: Sequence[int], because: str) -> None:
        folded = fold_system_messages(self._splice, system_messages)
        if folded:
            count = "1 message" if folded == 1 else f"{folded} messages"
            how = "put at the end of the user's turn before, as <system-reminder> text"
            why = f"{count} of role system {how}: {because}"
            self._adaptations.append(Adaptation("message", SYSTEM_MESSAGES.path, why))


def _user_profile(request: _Request, options: MappingOptions, without: RefusedParts) -> bytes:
    if options.user_profile is None or request.has(_USER_PROFILE) or _USER_PROFILE in without.fields:
        return b""
    return b',"%s":%s' % (_USER_PROFILE.encode(), json.dumps(options.user_profile).encode())


def _is_in_mark(path: str) -> bool:
    return MARK in path.split(".")[:-1]


def _is_essential(path: Path) -> bool:
    """Return whether the request would have another meaning without this place."""
    if len(path) < 2:
        return not path or path[0] in _ESSENTIAL
    if path[-1] == ANY or (len(path) == 2 and path[0] in _LISTS):
        return True
    return path[0] in _ESSENTIAL and path[-1] in _ESSENTIAL_WITHIN
