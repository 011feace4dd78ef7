"""Show the flags and fields that models refused."""

from collections.abc import Sequence

from candela_tui.providers.identity import PROVIDERS
from candela_tui.providers.refusal_memory import FORGET
from candela_tui.text.tables import table
from candela_tui.text.times import local_time
from candela_tui.wire import Refusal


def refusal_lines(found: Sequence[Refusal], width: int | None) -> list[str]:
    """Return lines that list refusals, and how to forget them; [] if there are none."""
    if not found:
        return []
    rows = [
        (
            PROVIDERS[each.provider].short_title,
            each.model,
            each.name if each.certain else f"{each.name}?",
            "token counts" if each.counts else "messages",
            local_time(each.until),
            each.message,
        )
        for each in sorted(found, key=lambda each: (each.provider, each.model, each.counts))
    ]
    heads = ("PROVIDER", "MODEL", "LEFT OUT", "IN", "UNTIL", "BECAUSE")
    lines = ["Refused, and left out until the time shown:", *table(heads, rows, flexible=5, width=width).splitlines()]
    if not all(each.certain for each in found):
        lines.append("? may be the flag that was refused without being named; candela is finding out which one was.")
    return [*lines, f"`{FORGET} [MODEL]` forgets them."]
