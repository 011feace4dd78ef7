"""The filter language in short, as ``?`` in the empty filter bar shows it; docs/filter.md has all of it."""

from collections.abc import Iterator

from candela_tui.analysis.filter_fields import FIELDS, Field
from candela_tui.ui.legend import Entry


def filter_legend() -> dict[str, tuple[Entry, ...]]:
    """Return the rules, then every field with what it looks at, by the title of their group."""
    return {
        "Terms": (
            Entry("flaky", "the word in a model, agent, tool, error, id …"),
            Entry('"too long"', "quotes keep spaces"),
            Entry("a b", "both must match"),
            Entry("a or b, a | b", "one must match"),
            Entry("-a, !a", "must not match"),
            Entry("-(a or b)", "parentheses group"),
        ),
        "Fields with text (: or =, contains)": tuple(_entries(amounts=False)),
        "Fields with numbers (> >= < <= =)": tuple(_entries(amounts=True)),
    }


def _entries(*, amounts: bool) -> Iterator[Entry]:
    for field in FIELDS.values():
        if (field.units is not None) is amounts:
            more = _more(field)
            yield Entry(field.example, f"{field.about} ({more})" if more else field.about)


def _more(field: Field) -> str:
    """Return the values or units that a field can have."""
    if field.units is not None:
        return ", ".join(field.units)
    return ", ".join(field.values)
