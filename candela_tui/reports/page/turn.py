"""One call of a conversation as HTML: what the request adds, the answer, and the receipts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from candela_tui.analysis.compare import Comparison, Sign
from candela_tui.analysis.items import is_billing_note
from candela_tui.analysis.turns import Turn
from candela_tui.exchange import Exchange, Outcome
from candela_tui.exchange.facts import Context
from candela_tui.pricing import Pricer
from candela_tui.protocol.claude_code.user_text import first_words
from candela_tui.protocol.rule_action import by_call
from candela_tui.reports.page.blocks import Blocks, block_of
from candela_tui.reports.page.changes import changes
from candela_tui.reports.page.markup import attribute, escaped
from candela_tui.reports.page.prompt import prompt
from candela_tui.reports.page.receipts import receipt


@dataclass(frozen=True, slots=True)
class Place:
    """Where a turn stands in the page."""

    id: str
    heading: str
    """Its heading, as text."""
    links: Sequence[tuple[str, str]] = ()
    """The id and name of each sub-agent that its answer starts."""


def turn_parts(
    turn: Turn, place: Place, blocks: Blocks, contexts: Mapping[str, Context], pricer: Pricer
) -> Iterator[str]:
    """Yield a turn in pieces."""
    last = turn.call.last
    words = _prompt_words(turn)
    said = f' data-words="{attribute(words)}"' if words else ""
    yield f'<article class="turn" id="{attribute(place.id)}"{said}>\n'
    yield (
        f'<h3><a href="#{attribute(place.id)}">{escaped(place.heading)}</a> '
        f'<time datetime="{last.started_at:%Y-%m-%dT%H:%M:%SZ}">{last.started_at:%H:%M:%S}</time></h3>\n'
    )
    yield '<div class="told">\n'
    if turn.unread is not None:
        yield f'<p class="line warn">{escaped(turn.unread.why)}</p>\n'
    if turn.comparison is not None and not _only_goes_on(turn.comparison):
        yield changes(turn.comparison)
    yield from prompt(turn)
    for message in turn.messages:
        yield from blocks.message(message)
    blocks.ruled = by_call(last.rules)
    for block in turn.answer.blocks:
        yield from blocks.block(block, "assistant")
    yield from _end(turn, last)
    for target, name in place.links:
        yield f'<p class="line">→ Sub-agent <a href="#{attribute(target)}">{escaped(name)}</a></p>\n'
    yield '</div>\n<aside class="receipts">\n'
    for number, each in enumerate(turn.call.tries, 1):
        title = f"Try {number}" if each is not last else ""
        yield receipt(each, contexts.get(each.id, Context()), pricer, title=title)
    yield "</aside>\n</article>\n"


def _prompt_words(turn: Turn) -> str | None:
    """Return the beginning of what the user said in this turn, or None."""
    for message in turn.messages:
        if message.label != "user":
            continue
        for part in message.parts:
            block = block_of(part)
            text = block.get("text") if isinstance(block, dict) else block
            words = first_words(text) if isinstance(text, str) else None
            if words:
                return words
    return None


def _only_goes_on(comparison: Comparison) -> bool:
    """Return whether the request only adds messages at the end. The client's note to the provider may differ."""
    if comparison.breaks is not None or not (comparison.settings.same and comparison.tools.same):
        return False
    signs = {entry.sign for entry in comparison.messages.entries}
    signs |= {entry.sign for entry in comparison.system.entries if not is_billing_note(entry.item)}
    return signs <= {Sign.SAME, Sign.ADDED}


def _end(turn: Turn, exchange: Exchange) -> Iterator[str]:
    """Yield how the answer ended, where it did not simply end."""
    answer = turn.answer
    if answer.trouble is not None:
        yield f'<p class="line warn">{escaped(answer.trouble)}</p>\n'
    error = answer.error or exchange.error
    if error is not None:
        yield f'<p class="line bad">✗ {escaped(f"{error.type}: {error.message}")}</p>\n'
    elif exchange.outcome is not Outcome.OK:
        yield f'<p class="line warn">{_ENDS.get(exchange.outcome, exchange.outcome.value)}</p>\n'
    elif exchange.stop_reason not in (None, "end_turn", "tool_use"):
        yield f'<p class="line warn">Stopped: {escaped(exchange.stop_reason or "")}</p>\n'


_ENDS = {
    Outcome.LIVE: "The answer was still streaming when this page was made.",
    Outcome.CUT: "The provider broke off.",
    Outcome.CANCELLED: "The client disconnected before the end.",
    Outcome.INTERRUPTED: "candela exited while the answer was streaming.",
}
