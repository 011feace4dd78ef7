"""What candela did to a request, and what the client withheld from it. Folded to one line until the user wants it."""

from candela_tui.analysis.trust import Trust, gives_back, trust_rows, trust_summary, withheld_heading
from candela_tui.ui.screens.request.overview.labelled_lines import LABEL, labelled
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.folding.content import LinesContent
from candela_tui.ui.widgets.text_view.folding.folds import Fold

KIND = "trust"
_INDENT = 3


def trust_fold(trust: Trust | None, width: int) -> Fold | None:
    """Return the panel, or None as long as the request's bodies are not compared."""
    if trust is None:
        return None
    label = LABEL - _INDENT
    lines: list[Line] = []
    for row in trust_rows(trust):
        lines += labelled(row.label, row.words, width - _INDENT, row.style, label=label, margin=0)
    if (measured := trust.measured) is not None:
        lines += [(), (("The client withholds at a base URL", "dim"), (f"   {withheld_heading(measured)}", "faint"))]
        for each in measured.withheld:
            back = gives_back(each, trust)
            lines += labelled(each.kind, f"{each.name}: {back}", width - _INDENT, label=label, margin=0)
            lines += labelled("", each.effect, width - _INDENT, "dim", label=label, margin=0)
    head: Line = (("Trust", "heading"), (f"   {trust_summary(trust)}", "dim"))
    return Fold(KIND, LinesContent(*lines), "trust", head, indent=_INDENT, gap=0, key=KIND)
