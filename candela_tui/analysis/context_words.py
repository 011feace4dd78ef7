"""What fills the context window, in words."""

from candela_tui.analysis.context_change import ContextChange, Duplicate, EveryTool, Leaving
from candela_tui.analysis.context_items import Kind, Source
from candela_tui.analysis.context_parts import Context, ContextPart, CountedItem
from candela_tui.protocol.claude_code.prompt_sections import SectionKind
from candela_tui.text import amounts

SOURCES = {Source.SYSTEM: "system prompt", Source.TOOLS: "tools", Source.MESSAGES: "messages"}
KINDS: dict[str, str] = {
    SectionKind.MEMORY: "CLAUDE.md file",
    SectionKind.MCP_INSTRUCTIONS: "MCP instructions",
    Kind.BUILT_IN: "built in",
    Kind.MCP: "MCP",
    Kind.PROVIDER: "added by the provider",
    Kind.LOADED: "loaded by search",
    Kind.TOOL_CALL: "tool calls",
    Kind.TOOL_RESULT: "tool results",
    Kind.REMINDER: "reminders",
}
"""The kinds whose names do not say it."""
_SINGULAR: dict[str, str] = {Kind.TOOL_CALL: "tool call", Kind.TOOL_RESULT: "tool result", Kind.REMINDER: "reminder"}
_WHY = {
    Leaving.COMPACTED: "the conversation was compacted",
    Leaving.EDITED: "the provider edited the context, as the client asked",
    Leaving.REWRITTEN: "the client no longer sent it",
}


def kind_name(kind: str) -> str:
    """Return what a kind is called."""
    return KINDS.get(kind, kind.replace("_", " "))


def part_name(part: ContextPart) -> str:
    """Return a part's name: of the messages with its kind, where they differ."""
    kind = kind_name(part.kind)
    if part.name in (kind, kind.removesuffix("s"), f"{kind}s"):
        return part.name
    return f"{kind}: {part.name}"


def item_name(counted: CountedItem) -> str:
    """Return what a piece is: ``tool result Read, src/main.py``."""
    item = counted.item
    kind = _SINGULAR.get(item.kind, kind_name(item.kind))
    named = kind if item.name in (kind, f"{kind}s") else f"{kind} {item.name}"
    return f"{named}, {item.target}" if item.target else named


def fill(context: Context) -> str:
    """Return how full the window is: ``38,412 of 200,000 tokens (19%), compacts at 167,000``."""
    if context.prompt_tokens is None:
        return f"about {context.tokens:,} tokens; the answer states no usage, so the estimate is not scaled to it"
    if context.window is None:
        return f"{context.prompt_tokens:,} tokens; the window of the model is not known"
    share = amounts.percent(context.prompt_tokens / context.window)
    words = f"{context.prompt_tokens:,} of {context.window:,} tokens ({share}), {context.free_tokens:,} free"
    return words if context.autocompact_at is None else f"{words}, compacts at {context.autocompact_at:,}"


def growth(tokens: int | None, context: Context) -> str:
    """Return how fast the context grows, by the tokens that each of the latest requests added; empty if it does not."""
    if tokens is None or tokens <= 0:
        return ""
    grows = f"grows by {tokens:,} tokens a request"
    end = context.window if context.autocompact_at is None else context.autocompact_at
    if end is None or context.prompt_tokens is None or context.prompt_tokens >= end:
        return grows
    verb = "is full" if context.autocompact_at is None else "compacts"
    return f"{grows}; at that rate it {verb} in {amounts.requests(-(-(end - context.prompt_tokens) // tokens))}"


def entered(change: ContextChange) -> str:
    """Return what entered the window since the previous request."""
    if not change.entered:
        return "nothing entered since the previous request"
    return f"{change.entered_tokens:,} tokens entered since the previous request: {_sums(change.entered)}"


def left(change: ContextChange) -> str:
    """Return what left the window since the previous request; empty if nothing did."""
    if change.why is None:
        return ""
    return f"{change.left_tokens:,} tokens left, since {_WHY[change.why]}: {_sums(change.left)}"


def repeated(duplicate: Duplicate) -> str:
    """Return what is in the window more than once."""
    return f"{duplicate.name}: {duplicate.times} times, {duplicate.spare_tokens:,} tokens for the repeats"


def unneeded(every: EveryTool) -> str:
    """Return the notice on tools that need not be in the prompt."""
    return (
        "Every tool is sent in full with each request. Tool search would leave out "
        f"{amounts.things(every.tools, 'tool')} of about {every.tokens:,} tokens. "
        "`candela env` and `candela claude` turn it on (ENABLE_TOOL_SEARCH=true)."
    )


def _sums(items: tuple[CountedItem, ...]) -> str:
    sums: dict[str, int] = {}
    for each in items:
        kind = kind_name(each.item.kind)
        name = f"{kind} {each.item.name}" if each.item.kind in (Kind.TOOL_CALL, Kind.TOOL_RESULT) else kind
        sums[name] = sums.get(name, 0) + each.tokens
    largest = sorted(sums.items(), key=lambda pair: -pair[1])
    words = [f"{name} {tokens:,}" for name, tokens in largest[:4]]
    return ", ".join([*words, *(["…"] if len(largest) > 4 else [])])
