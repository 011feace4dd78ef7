"""What changed in a request since the previous one of its conversation, as HTML."""

from candela_tui.analysis.compare import Comparison, Part, Sign
from candela_tui.analysis.comparison_rows import ComparisonRow, RowKind, Rows
from candela_tui.analysis.prompt_change import prompt_change
from candela_tui.reports.page.markup import escaped, fold

_TAGS = {Sign.ADDED: "ins", Sign.REMOVED: "del"}
_SIGNS = {Sign.ADDED: "+", Sign.REMOVED: "−", Sign.SAME: " ", Sign.CHANGED: "~"}
_WORDS = {Sign.ADDED: "new", Sign.CHANGED: "changed", Sign.REMOVED: "gone"}


def changes(comparison: Comparison) -> str:
    """Return what changed, folded. Messages that are new are in the conversation, and those that are gone in an earlier
    turn: both are only counted."""
    counts = ", ".join(_counted(part) for part in comparison.parts if not part.same) or "nothing"
    told = prompt_change(comparison)
    rows = Rows()
    for _ in rows.find(_without_whole_messages(comparison)):
        pass
    verdict = f'<p class="{"good" if told.cacheable else "warn"}">The prompt {escaped(told.text)}.</p>'
    content = verdict if told.cacheable is not None else ""
    if rows.rows:
        content += f'<div class="diff">{"".join(map(_row, rows.rows))}</div>'
    return fold("changes", "Changed since the previous request", content, brief=escaped(counts))


def _counted(part: Part) -> str:
    counts = [f"{part.count(sign):,} {word}" for sign, word in _WORDS.items() if part.count(sign)]
    return f"{part.name}: {', '.join(counts)}"


def _without_whole_messages(comparison: Comparison) -> Comparison:
    entries = [entry for entry in comparison.messages.entries if entry.sign in (Sign.SAME, Sign.CHANGED)]
    return Comparison(comparison.settings, comparison.tools, comparison.system, Part("messages", entries))


def _row(row: ComparisonRow) -> str:
    text = escaped(row.text)
    if row.kind is RowKind.PART:
        return f"<h5>{text}</h5>"
    if row.kind is not RowKind.LINE:
        kind = "note" if row.kind in (RowKind.GAP, RowKind.NOTE) else "entry"
        sign = f"{_SIGNS[row.sign]} " if kind == "entry" else ""
        return f'<p class="{kind}">{sign}{text}</p>'
    if row.changed is not None:
        begin, end = row.changed
        text = f"{escaped(row.text[:begin])}<b>{escaped(row.text[begin:end])}</b>{escaped(row.text[end:])}"
    tag = _TAGS.get(row.sign, "span")
    return f"<{tag}>{_SIGNS[row.sign]} {text}\n</{tag}>"
