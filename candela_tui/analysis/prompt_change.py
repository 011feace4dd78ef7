"""How the prompt of a request differs from the previous one, and what of it the provider's cache can serve."""

from typing import NamedTuple

from candela_tui.analysis.compare import Comparison, Part, Sign
from candela_tui.analysis.comparison_rows import heading


class PromptChange(NamedTuple):
    """A sentence on how a prompt follows from the previous one."""

    text: str
    cacheable: bool | None
    """Whether all of the previous prompt can be read from the cache; None if there is no prompt."""


def prompt_change(comparison: Comparison) -> PromptChange:
    """Return how the new prompt of a comparison follows from the old one."""
    if not any(part.entries for part in (comparison.tools, comparison.system, comparison.messages)):
        return PromptChange("none", None)
    broken = comparison.breaks
    if broken is None:
        return PromptChange("extends the previous prompt; all of it is cacheable", True)
    if broken.part == "model":
        return PromptChange("another model: nothing of the previous prompt is cacheable", False)
    part = {each.name: each for each in comparison.parts}[broken.part]
    differing = next(entry for entry in part.entries if entry.sign is not Sign.SAME and entry.place == broken.place)
    if part is comparison.messages:
        same = broken.place - 1
        upto = f"message {same:,} of {_size(part):,}" if same else "the system prompt"
        return PromptChange(f"the same as the previous prompt up to {upto}; cacheable up to there", False)
    name = heading(part, differing)
    what = f"tool {name}" if part is comparison.tools else f"{name} of the system prompt"
    return PromptChange(f"differs from the {what} on; nothing after that is cacheable", False)


def _size(part: Part) -> int:
    return sum(entry.new is not None for entry in part.entries)
