"""What stands before the messages of a request: settings, tools, system prompt."""

from collections.abc import Iterator, Sequence

from candela_tui.analysis.items import Item, lines_of
from candela_tui.analysis.turns import Turn
from candela_tui.reports.page.blocks import block_of, json_of
from candela_tui.reports.page.markup import escaped, fold, one_line, plain
from candela_tui.reports.page.prose import prose
from candela_tui.text import amounts


def prompt(turn: Turn) -> Iterator[str]:
    """Yield the settings, tools and blocks of the system prompt that are new or changed, folded."""
    new = "" if turn.comparison is None else ", new or changed"
    if turn.settings:
        names = ", ".join(item.label for item in turn.settings)
        rows = "".join(
            f"<dt>{escaped(item.label)}</dt><dd>{plain(chr(10).join(lines_of(item)))}</dd>" for item in turn.settings
        )
        yield fold("prompt", f"Settings{new}", f"<dl>{rows}</dl>", brief=one_line(names))
    if turn.system:
        content = "".join(map(_system, turn.system))
        yield fold("prompt", f"System prompt{new}", content, note=_amount(turn.system, "block"))
    if turn.tools:
        names = ", ".join(item.label for item in turn.tools)
        content = "".join(map(_tool, turn.tools))
        yield fold("prompt", f"Tools{new}", content, brief=one_line(names), note=_amount(turn.tools, "tool"))


def _amount(items: Sequence[Item], noun: str) -> str:
    number = f"{len(items):,} {noun}{'' if len(items) == 1 else 's'}"
    return f"{number}, {amounts.size(sum(memoryview(item.raw).nbytes for item in items))}"


def _system(item: Item) -> str:
    block = block_of(item)
    text = block.get("text") if isinstance(block, dict) else block
    return prose(text, "system") if isinstance(text, str) else plain(json_of(block))


def _tool(item: Item) -> str:
    tool = block_of(item)
    if not isinstance(tool, dict):
        return plain(tool if isinstance(tool, str) else json_of(tool))
    description = tool.get("description")
    told = prose(description, "system") if isinstance(description, str) else ""
    rest = {name: value for name, value in tool.items() if name != "description" or not told}
    brief = one_line(description) if isinstance(description, str) else ""
    return fold("tool", escaped(item.label), told + plain(json_of(rest)), brief=brief)
