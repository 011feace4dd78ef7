"""Messages requests as Vertex AI and Bedrock take them: spliced, not rebuilt."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.betas import (
    BEDROCK,
    CACHE_SCOPE,
    CACHE_TTL,
    GATES,
    SYSTEM_MESSAGES,
    VERTEX,
    Chosen,
    Provider,
    Version,
    choose,
    closed,
)
from candela_tui.protocol.cache_marks import MARK, narrow_marks
from candela_tui.protocol.model_ids import model_name
from candela_tui.protocol.provider_models import bedrock_id, foundation_model, vertex_id
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.refusals import Refused
from candela_tui.protocol.request_glance import USUAL_MARK, Glance, glance_at
from candela_tui.protocol.splice import ANY, NotSpliceable, Path, Splice
from candela_tui.protocol.system_messages import fold_system_messages

_VERTEX_VERSION = b'"anthropic_version":"vertex-2023-10-16"'
_BEDROCK_VERSION = b'"anthropic_version":"bedrock-2023-05-31"'

_NOTHING_REFUSED = Refused()

# Left out, these would change what is said and not only how: the provider's refusal is then the better answer.
_ESSENTIAL = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "thinking", "max_tokens", "anthropic_version"}
)
_ESSENTIAL_WITHIN = frozenset(
    {
        # What one kind of thinking, of a source, of tool_choice refuses, another kind must have.
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
    """The body can't be put into the provider's form. The message is for the client's 400."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A request body in the provider's form."""

    body: bytes
    model: str
    """As the provider spells it; not percent-encoded."""
    streamed: bool
    betas: tuple[str, ...]
    """Vertex: for the anthropic-beta header. Bedrock: those that are in the body."""
    adaptations: tuple[Adaptation, ...]


def to_vertex(
    body: bytes,
    *,
    betas: Sequence[str],
    names: Mapping[str, str],
    own_betas: Mapping[str, bool | str],
    without: Refused = _NOTHING_REFUSED,
) -> Mapped:
    """Map the body of POST /v1/messages. ``betas`` are the client's flags one by one, ``names`` the user's model ids
    by model name, ``own_betas`` his table of flags. Raises NotMappable."""
    request = _Request(body, VERTEX)
    model = vertex_id(request.model, names)
    chosen = request.adapt(model, betas, own_betas, without)
    request.put_version(_VERTEX_VERSION)
    return request.mapped(model, chosen)


def to_bedrock(
    body: bytes,
    *,
    betas: Sequence[str],
    names: Mapping[str, str],
    prefix: str | None,
    own_betas: Mapping[str, bool | str],
    without: Refused = _NOTHING_REFUSED,
    widen: bool = False,
) -> Mapped:
    """As to_vertex. ``prefix`` is that of the inference profiles, such as ``us``; None: models are called directly.
    ``widen``: it was chosen by the region and not by the user, so that a model without such profiles is called by the
    next wider one."""
    request = _Request(body, BEDROCK)
    model = bedrock_id(request.model, prefix, names, widen=widen)
    chosen = request.adapt(model, betas, own_betas, without)
    request.put_version(_BEDROCK_VERSION, chosen.sent)
    request.drop_silently("stream")
    return request.mapped(model, chosen)


def count_tokens_to_vertex(
    body: bytes,
    *,
    betas: Sequence[str],
    names: Mapping[str, str],
    own_betas: Mapping[str, bool | str],
    without: Refused = _NOTHING_REFUSED,
) -> Mapped:
    """Map the body of POST /v1/messages/count_tokens; its model stays in the body. Raises NotMappable."""
    request = _Request(body, VERTEX)
    model = vertex_id(request.model, names)
    chosen = request.adapt(model, betas, own_betas, without, counting=True)
    request.put_version(b'"model":' + msgspec.json.encode(model) + b"," + _VERTEX_VERSION)
    return request.mapped(model, chosen)


def count_tokens_to_bedrock(
    body: bytes,
    *,
    betas: Sequence[str],
    names: Mapping[str, str],
    prefix: str | None,
    own_betas: Mapping[str, bool | str],
    without: Refused = _NOTHING_REFUSED,
) -> Mapped:
    """Map to the body of POST /model/{id}/count-tokens: ``{"input": {"invokeModel": {"body": base64}}}``.

    Only foundation models count, not profiles, and what is counted must be a whole request, with ``max_tokens``.
    https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html
    """
    request = _Request(body, BEDROCK)
    model = foundation_model(bedrock_id(request.model, prefix, names))
    chosen = request.adapt(model, betas, own_betas, without, counting=True)
    limit = b"" if request.has("max_tokens") else b',"max_tokens":1'
    request.put_version(_BEDROCK_VERSION + limit, chosen.sent)
    request.drop_silently("stream")
    mapped = request.mapped(model, chosen)
    counted = b'{"input":{"invokeModel":{"body":"' + base64.b64encode(mapped.body) + b'"}}}'
    return Mapped(counted, model, False, mapped.betas, mapped.adaptations)


class _Request:
    """One request while it is put into a provider's form."""

    def __init__(self, body: bytes, provider: Provider) -> None:
        self._provider = provider
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
        self,
        model: str,
        betas: Sequence[str],
        own_betas: Mapping[str, bool | str],
        without: Refused,
        *,
        counting: bool = False,
    ) -> Chosen:
        """Take out what the provider does not know, by the tables and by what it refused before."""
        flags = [*betas, *self._betas_of_body()]
        version = model_name(self.model).version or model_name(model).version
        safeguards = self.has("safeguards")
        chosen = choose(
            flags, self._provider, own_betas, without, version=version, counting=counting, safeguards=safeguards
        )
        self._adaptations += chosen.adaptations
        glance = glance_at(self._splice.decodable(self._splice.root))
        try:
            present = {span.name for span in self._splice.inside(self._splice.root)}
            for gate in GATES:
                if gate.place.partition(".")[0] in present and closed(gate, self._provider, chosen, version):
                    self._drop(gate.place, f"{self._provider.name} does not know it{_for(gate.flags & chosen.asked)}")
            self._clean_marks(glance, chosen, version, without)
            for place in sorted(without.fields):
                if MARK not in place.split("."):
                    self._drop(place, f"{self._provider.name} refused it for this model")
            if glance.system_messages and closed(SYSTEM_MESSAGES, self._provider, chosen, version):
                self._fold()
        except NotSpliceable as error:
            raise NotMappable(str(error)) from None
        return chosen

    def put_version(self, version: bytes, betas: Sequence[str] = ()) -> None:
        """Put the version (and the flags) in the place of the model; the client's own go."""
        flags = b',"anthropic_beta":' + msgspec.json.encode(list(betas)) if betas else b""
        span = self._splice.member("model")
        if span is not None:
            self._splice.replace(span.start, span.end, version + flags)
        self.drop_silently("anthropic_version")
        self.drop_silently("anthropic_beta")

    def drop_silently(self, name: str) -> None:
        """Take out a member that the provider has another place for."""
        root = self._splice.root
        for number, span in enumerate(self._splice.inside(root)):
            if span.name == name:
                self._splice.remove(root, number)

    def mapped(self, model: str, chosen: Chosen) -> Mapped:
        streamed = self._value("stream") is True
        return Mapped(self._splice.rendered(), model, streamed, chosen.sent, tuple(self._adaptations))

    def _betas_of_body(self) -> list[str]:
        flags = self._value("anthropic_beta")
        return [flag for flag in flags if isinstance(flag, str)] if isinstance(flags, list) else []

    def _drop(self, place: str, why: str) -> None:
        path = tuple(place.split("."))
        if _is_essential(path):
            return
        found = [spot for spot in self._splice.find(path) if not self._splice.is_removed(*spot)]
        for container, number in found:
            self._splice.remove(container, number)
        if not found:
            return
        self._adaptations.append(Adaptation("field", place, f"left out: {why}"))
        for parent, number in self._splice.find(path[:-1]) if len(path) > 1 else ():
            if self._splice.empties(self._splice.inside(parent)[number]):
                self._splice.remove(parent, number)

    def _clean_marks(self, glance: Glance, chosen: Chosen, version: Version | None, without: Refused) -> None:
        """Leave in cache_control what the provider knows: a field too many there costs the whole request."""
        provider = self._provider
        refused = {place.rpartition(".")[2] for place in without.fields if MARK in place.split(".")[:-1]}
        known = set(USUAL_MARK)
        if not closed(CACHE_SCOPE, provider, chosen, version):
            known.add("scope")
        if closed(CACHE_TTL, provider, chosen, version):
            known.discard("ttl")
        known -= refused - {"type"}
        if known >= USUAL_MARK and not glance.unusual_marks:
            return
        for name in sorted(narrow_marks(self._splice, known)):
            said = "refused it for this model" if name in refused else "does not know it"
            why = f"left out of the cache marks: {provider.name} {said}"
            self._adaptations.append(Adaptation("field", f"{MARK}.{name}", why))

    def _fold(self) -> None:
        folded = fold_system_messages(self._splice)
        if folded:
            count = "1 message" if folded == 1 else f"{folded} messages"
            why = (
                f"{count} of role system put at the end of the user's turn before, as <system-reminder> text: "
                f"{self._provider.name} takes no such messages without {' or '.join(sorted(SYSTEM_MESSAGES.flags))}"
            )
            self._adaptations.append(Adaptation("message", SYSTEM_MESSAGES.place, why))


def _is_essential(path: Path) -> bool:
    if len(path) == 1:
        return path[0] in _ESSENTIAL
    return path[-1] == ANY or (path[0] in _ESSENTIAL and path[-1] in _ESSENTIAL_WITHIN)


def _for(flags: frozenset[str]) -> str:
    return f" without the flag {' or '.join(sorted(flags))}" if flags else ""
