"""Where each cloud serves which Claude model: the locations of Vertex AI, and the inference profiles of Bedrock.

What a cloud does not have is never asked for. Models that are in no table follow the rule of their family, so that a
new model works on its first day.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from candela_tui.protocol.model_ids import ModelName, model_name


@dataclass(frozen=True, slots=True)
class Served:
    """Where a cloud serves a model."""

    places: tuple[str, ...]
    """On Vertex AI locations, on Bedrock prefixes of inference profiles."""
    source: str
    known: bool = True
    """Whether the tables here name the model. Otherwise its places are those of its family."""


# --- Vertex AI ---

SINGLE_REGIONS = "single regions"
"""The entry of ``Served.places`` for regions such as us-east5."""
_VERTEX_SOURCE = "https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai, 2026-10"
_EVERYWHERE = ("global", "us", "eu", SINGLE_REGIONS)
_MULTI_REGIONS = ("global", "us", "eu")
_LAST_IN_SINGLE_REGIONS = (4, 6)
_ONLY_MULTI_REGIONS = frozenset(
    {
        "claude-opus-4-7",
        "claude-opus-4-8",
        "claude-opus-5",
        "claude-opus-5-5",
        "claude-sonnet-5",
        "claude-sonnet-5-5",
        "claude-haiku-5-5",
        "claude-fable-5",
        "claude-fable-5-1",
        "claude-fable-5-2",
        "claude-mythos-5",
        "claude-mythos-5-1",
    }
)
"""Every model after Sonnet 4.6. A later one is not refused in a single region: Google may serve it there again."""


def vertex_places(model: str) -> Served:
    """Return the locations of Vertex AI that serve a model, by any provider's name."""
    name = model_name(model)
    if name.base in _ONLY_MULTI_REGIONS:
        return Served(_MULTI_REGIONS, _VERTEX_SOURCE)
    older = name.version is not None and name.version <= _LAST_IN_SINGLE_REGIONS
    return Served(_EVERYWHERE, _VERTEX_SOURCE, known=older)


def on_vertex(model: str, location: str) -> bool:
    """Return whether a location of Vertex AI serves a model, as far as the tables here know."""
    places = vertex_places(model).places
    return location in places or SINGLE_REGIONS in places


def is_later_than_single_regions(model: str) -> bool:
    """Return whether a model is newer than those that Google serves in single regions, even if no table names it."""
    version = model_name(model).version
    return version is not None and version > _LAST_IN_SINGLE_REGIONS


def vertex_region_variable(model: str) -> str | None:
    """Return the variable with which Claude Code sets the region of a model, or None for other models than Claude.

    Opus and Sonnet have their version first (VERTEX_REGION_CLAUDE_4_8_OPUS), other families have it last
    (VERTEX_REGION_CLAUDE_HAIKU_4_5), and names with the version first stay as they are
    (VERTEX_REGION_CLAUDE_3_5_HAIKU). Source: the tables of Claude Code 2.1.197 and 2.1.332."""
    name = model_name(model)
    if name.version is None:
        return None
    family, _, version = name.base.removeprefix("claude-").partition("-")
    first = version if version != "4" else "4-0"
    parts = (first, family) if family in ("opus", "sonnet") else (family, version)
    return f"VERTEX_REGION_CLAUDE_{'-'.join(parts)}".upper().replace("-", "_")


# --- Bedrock ---

_CARDS = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-anthropic-NAME.html, 2026-10"
_LITELLM = "the price list of litellm 1.110.2, 2026-11"
# The model cards name no ids for GovCloud, so those are litellm's. Where the two disagree, AWS is right: litellm has jp
# and au for all of Opus, Sonnet and Haiku from 5 on, and ListInferenceProfiles in Tokyo shows only that of Opus 5.5.
_BOTH = f"{_CARDS}; us-gov: {_LITELLM}"
_OLD = "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html, 2025-11"

_IN_REGION: Mapping[str, tuple[str, ...]] = {
    "claude-3-haiku": ("us", "us-gov", "eu", "apac"),
    "claude-3-sonnet": ("us", "eu", "apac"),
    "claude-3-opus": ("us",),
    "claude-3-5-haiku": ("us",),
    "claude-3-5-sonnet": ("us", "us-gov", "eu", "apac"),
}
"""Profiles of models that can also be called in the region itself; elsewhere they need none."""
_PROFILES: Mapping[str, Served] = {
    "claude-3-7-sonnet": Served(("us", "us-gov", "eu", "apac"), _OLD),
    "claude-opus-4": Served(("us",), _CARDS),
    "claude-sonnet-4": Served(("us", "eu", "apac", "global"), _CARDS),
    "claude-opus-4-1": Served(("us",), _CARDS),
    "claude-sonnet-4-5": Served(("us", "us-gov", "eu", "jp", "au", "global"), _BOTH),
    "claude-haiku-4-5": Served(("us", "eu", "jp", "au", "global"), _CARDS),
    "claude-opus-4-5": Served(("us", "eu", "global"), _CARDS),
    "claude-opus-4-6": Served(("us", "eu", "au", "global"), _CARDS),
    "claude-sonnet-4-6": Served(("us", "eu", "jp", "au", "global"), _CARDS),
    "claude-opus-4-7": Served(("us", "eu", "jp", "au", "global"), _CARDS),
    "claude-opus-4-8": Served(("us", "us-gov", "eu", "jp", "au", "global"), _BOTH),
    "claude-opus-5": Served(("us", "us-gov", "eu", "au", "global"), _BOTH),
    "claude-sonnet-5": Served(("us", "us-gov", "eu", "au", "global"), _BOTH),
    "claude-opus-5-5": Served(("us", "us-gov", "eu", "jp", "au", "global"), _BOTH),
    "claude-sonnet-5-5": Served(("us", "us-gov", "eu", "global"), _BOTH),
    "claude-haiku-5-5": Served(("us", "us-gov", "eu", "global"), _LITELLM),
    "claude-fable-5": Served(("us", "global"), _CARDS),
    "claude-fable-5-1": Served(("us", "us-gov", "global"), _BOTH),
    "claude-mythos-preview": Served(("us",), _LITELLM),
    "claude-mythos-5": Served(("us",), _LITELLM),
    "claude-mythos-5-1": Served(("us", "global"), _LITELLM),
}
_NEW = Served(("us", "us-gov", "eu", "global"), "every Opus, Sonnet and Haiku since 5", known=False)
_NEW_LARGEST = Served(("us", "us-gov", "global"), "every Fable and Mythos", known=False)

_COUNTRY = {"ap-northeast-1": "jp", "ap-northeast-3": "jp", "ap-southeast-2": "au", "ap-southeast-4": "au"}
_WIDER = {"jp": ("apac", "global"), "au": ("apac", "global"), "apac": ("global",), "us": ("global",), "eu": ("global",)}
"""Wider prefixes to fall back on, nearest first."""
_CANADA = {"ca-central-1": (4, 5), "ca-west-1": (4, 6)}
"""Regions outside the US from which its profiles can be called, and the first version whose can be."""
_EXAMPLES = {"us": "us-east-1", "us-gov": "us-gov-west-1", "eu": "eu-central-1", "apac": "ap-south-1"}


class NoProfile(ValueError):
    """A model has no inference profile that can be called from a region. The message is for the client's 400."""

    def __init__(self, what: str, example: str, model: str) -> None:
        super().__init__(
            f"{what}. Set [aws] region to one that has it, such as {example}, or"
            f' [models."{model}"] bedrock to an id of your account'
        )
        self.what = what
        """What is wrong, without what to do."""
        self.example = example
        """A region from which the model can be called."""


def bedrock_prefix(region: str) -> str | None:
    """Return the prefix of a region's inference profiles, or None if it has none (China, the US's secret regions)."""
    if region.startswith(("cn-", "us-iso")):
        return None
    if region.startswith("us-gov-"):
        return "us-gov"
    if region in _COUNTRY:
        return _COUNTRY[region]
    if region in _CANADA:
        return "us"
    return {"us": "us", "eu": "eu", "ap": "apac"}.get(region.partition("-")[0], "global")


def has_claude(region: str) -> bool:
    """Return whether Bedrock serves a current model of Claude from a region, as far as the tables here know."""
    for model in _PROFILES:
        with suppress(NoProfile):
            return bedrock_profile(model, region) is not None
    return False


def bedrock_places(model: str) -> Served:
    """Return the prefixes of a model's inference profiles, by any provider's name."""
    base = _base(model_name(model))
    if base in _IN_REGION:
        return Served(_IN_REGION[base], _OLD)
    largest = base.startswith(("claude-fable-", "claude-mythos-"))
    return _PROFILES.get(base) or (_NEW_LARGEST if largest else _NEW)


def families() -> tuple[str, ...]:
    """Return the families of Claude models that the tables here name, such as ``sonnet``."""
    words = (name.split("-") for name in (*_PROFILES, *_IN_REGION))
    return tuple(dict.fromkeys(next(word for word in parts[1:] if word.isalpha()) for parts in words))


def runs_in_region(model: str) -> bool:
    """Return whether Bedrock can call a model in the region itself, without an inference profile."""
    return _base(model_name(model)) in _IN_REGION


def bedrock_profile(model: str, region: str) -> str | None:
    """Return the prefix of the inference profile to call a model with from a region: the nearest that it has there.

    None if it is called without a profile. Raises NoProfile."""
    first = bedrock_prefix(region)
    name, places = model_name(model), bedrock_places(model).places
    for prefix in (first, *_WIDER.get(first, ())) if first is not None else ():
        if prefix in places and _callable_from(region, name, prefix):
            return prefix
    if runs_in_region(model):
        return None
    example = next(_EXAMPLES[prefix] for prefix in places if prefix in _EXAMPLES)
    what = f"{model} has no inference profile on Bedrock that can be called from {region}"
    raise NoProfile(f"{what}; its profiles are {', '.join(places)}", example, name.base)


def _callable_from(region: str, name: ModelName, prefix: str) -> bool:
    since = _CANADA.get(region)
    return since is None or prefix != "us" or (name.version is not None and name.version >= since)


def counts_at_mantle(model: str) -> bool:
    """Return whether the tokens of a model are counted at bedrock-mantle, and not at bedrock-runtime.

    Those of models that launched with cross-region inference only are. AWS has no list of them; up to 4.6 they are
    counted at bedrock-runtime, and from 4.7 on it answers that the model "doesn't support counting tokens".
    Source: https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html, 2026-10, and measurements by users
    of Opus 4.7, 4.8 and 5, Sonnet 5 and Fable 5 in 2026-08."""
    version = model_name(model).version
    return version is not None and version >= (4, 7)


MANTLE_REGIONS = frozenset(
    {
        "us-east-1",
        "us-east-2",
        "us-west-2",
        "us-gov-west-1",
        "eu-central-1",
        "eu-north-1",
        "eu-south-1",
        "eu-west-1",
        "eu-west-2",
        "ap-northeast-1",
        "ap-south-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "sa-east-1",
    }
)
"""The regions that have bedrock-mantle. Source:
https://docs.aws.amazon.com/bedrock/latest/userguide/endpoints-region-availability.html, 2026-10; us-gov-west-1: the
price list of litellm 1.110.2."""


def _base(name: ModelName) -> str:
    # Vertex AI's own name of the second 3.5 Sonnet.
    return name.base.removesuffix("-v2")
