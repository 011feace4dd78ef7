"""Messages requests as Vertex AI and Bedrock take them: spliced, not rebuilt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.refusals import Refused


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
    without: Refused = Refused(),
) -> Mapped:
    """Map the body of POST /v1/messages. ``betas`` are the client's flags one by one, ``names`` the user's model ids
    by model name, ``own_betas`` his table of flags. Raises NotMappable."""
    raise NotImplementedError


def to_bedrock(
    body: bytes,
    *,
    betas: Sequence[str],
    names: Mapping[str, str],
    prefix: str | None,
    own_betas: Mapping[str, bool | str],
    without: Refused = Refused(),
) -> Mapped:
    """As to_vertex. ``prefix`` is that of the inference profiles, such as ``us``; None: models are called directly."""
    raise NotImplementedError


def count_tokens_to_vertex(
    body: bytes,
    *,
    betas: Sequence[str],
    names: Mapping[str, str],
    own_betas: Mapping[str, bool | str],
    without: Refused = Refused(),
) -> Mapped:
    """Map the body of POST /v1/messages/count_tokens; its model stays in the body. Raises NotMappable."""
    raise NotImplementedError


def count_tokens_to_bedrock(
    body: bytes,
    *,
    betas: Sequence[str],
    names: Mapping[str, str],
    prefix: str | None,
    own_betas: Mapping[str, bool | str],
    without: Refused = Refused(),
) -> Mapped:
    """Map to the body of POST /model/{id}/count-tokens: ``{"input": {"invokeModel": {"body": base64}}}``."""
    raise NotImplementedError
