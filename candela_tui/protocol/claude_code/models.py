"""Claude Code's own knowledge of models, by its version: how much context it fills, and what it can price.

Observed in the ``modelUsage`` that ``claude -p --output-format json`` prints against a stand-in (2.1.197, 2.1.229,
2.1.260, 2.1.300 and 2.1.332). A version between two of these counts as the older one.
"""

from collections.abc import Iterable

from candela_tui.protocol.model_ids import model_name

Version = tuple[int, int, int]

MILLION = 1_000_000
"""The context window of a model that is named with ``[1m]``, in every version."""
MILLION_SUFFIX = "[1m]"
"""The client's suffix of such names. Source: https://docs.claude.com/en/docs/claude-code/model-config"""
_MILLION_BETA = "context-1m-"
"""Source: https://docs.claude.com/en/docs/build-with-claude/context-windows"""

_USUAL = 200_000
_OLDEST: Version = (2, 1, 197)
_MILLION_SINCE: Version = (2, 1, 300)
"""From this version on, models of ``_MILLION_GENERATION`` and later have a million tokens without ``[1m]`` ..."""
_MILLION_GENERATION = (4, 7)
_UNKNOWN_MILLION_SINCE: Version = (2, 1, 332)
"""... and from this one on, unknown models have them too."""
_COUNTS_GEOGRAPHY_SINCE: Version = (2, 1, 260)
_COMPACTION_RESERVE = 33_000
"""Tokens of the window that are left when the client compacts by itself. ``/context`` of 2.1.197 and 2.1.332 shows them
as the "autocompact buffer"; 2.1.332 was seen to compact within 500 tokens of 167,000 and of 967,000."""
_COMPACTED_GENERATION = (4, 6)
"""The models with that reserve: only these in 2.1.197 ..."""
_LATER_COMPACTED_SINCE: Version = (2, 1, 332)
"""... and these and all later ones from this version on."""
_OLD_GENERATION = (4, 8)
"""Every version knows the models up to this generation, and those below from the given version on."""
_NEW_MODELS: tuple[tuple[Version, frozenset[str]], ...] = (
    ((2, 1, 197), frozenset({"claude-fable-5", "claude-mythos-5"})),
    ((2, 1, 260), frozenset({"claude-opus-5", "claude-sonnet-5", "claude-fable-5-1"})),
    ((2, 1, 300), frozenset({"claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"})),
    ((2, 1, 332), frozenset({"claude-fable-5-2", "claude-mythos-5-1"})),
)


def context_window(version: Version, model: str) -> int:
    """Return how many tokens of a model that is named without ``[1m]`` this version fills before it compacts."""
    if version < _MILLION_SINCE:
        return _USUAL
    if not knows(version, model):
        return MILLION if version >= _UNKNOWN_MILLION_SINCE else _USUAL
    return MILLION if (model_name(model).version or (0, 0)) >= _MILLION_GENERATION else _USUAL


def autocompact_at(version: Version, model: str, window: int) -> int | None:
    """Return at how many tokens of this window the client compacts the conversation by itself.

    None if it is not known to: for models before 4.6, and where the window is a million only because of ``[1m]``, it
    keeps no tokens in reserve.
    """
    if window > context_window(version, model):
        return None
    generation = model_name(model).version or (99, 0)
    later = generation > _COMPACTED_GENERATION and version >= _LATER_COMPACTED_SINCE
    return window - _COMPACTION_RESERVE if later or generation == _COMPACTED_GENERATION else None


def asks_for_a_million(betas: Iterable[str]) -> bool:
    """Return whether these betas ask for a window of a million tokens. The model is named without ``[1m]`` then."""
    return any(beta.startswith(_MILLION_BETA) for beta in betas)


def knows(version: Version, model: str) -> bool:
    """Return whether this version knows the model's window and price, instead of guessing them."""
    name = model_name(model)
    if version < _OLDEST or name.version is None:
        return False
    return name.version <= _OLD_GENERATION or any(name.base in new for since, new in _NEW_MODELS if version >= since)


def counts_geography(version: Version) -> bool:
    """Return whether this version includes the price of inference in one geography."""
    return version >= _COUNTS_GEOGRAPHY_SINCE
