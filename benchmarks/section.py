"""The relay's section of docs/performance.md, its plot, and the sentence of README.md that quotes it."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figure, Row, rows
from benchmarks.machine import Machine
from benchmarks.plot import Mark, Panel
from benchmarks.report import label, number, ratio_text, spread_text
from benchmarks.rounds import Result
from benchmarks.targets import LABELS

CANDELA = ("serve", "dashboard", "attached", "vertex", "bedrock")
_OTHERS = {"bare", "nginx", "mitmproxy", "claude-tap", "litellm"}
_HEADLINES = (
    ("one", figures.ADDED_TTFB),
    ("burst", figures.THROUGHPUT),
    ("32", figures.THROUGHPUT),
    ("one", figures.PROCESSOR),
    ("paced", figures.DELAY_P999),
)
_PLOTTED = (("one", figures.ADDED_TTFB), ("32", figures.THROUGHPUT), ("paced", figures.DELAY_P999))
_LINE = 120
_AS_FAST = 1.05
"""A ratio up to this is not called slower: it is within what rounds differ by."""

_METHOD = """\
All programs run on one machine at the same time, with the load generator and a stand-in for the provider, without TLS.
They take turns within each round, in random order, so the noise of the machine hits all alike. A value is the median
over the rounds, followed by the range in brackets. A ratio compares values of the same round. "Added" time is what
comes on top of the time straight to the provider in that round. Processor time counts all that a program does for a
request, including what it does after the answer.

- **bare aiohttp** is the smallest streaming relay on aiohttp, the library that candela serves with. It records
  nothing.
- **nginx** is a reverse proxy with `proxy_buffering off` and one worker. It records nothing.
- **mitmproxy** is a reverse proxy with `stream_large_bodies`: it streams, and so keeps no bodies. Without this option
  it passes an answer on when it is complete.
- **claude-tap** records, without its live view. **LiteLLM** serves `/v1/messages`, without a database.
- **candela** records everything, and its store holds {history:,} earlier requests. The dashboard is on a terminal of
  120x36 that is read; *attached* means `candela serve` with `candela attach` in a process of its own."""


@dataclass(frozen=True, slots=True)
class About:
    """What a reader has to know about a run."""

    date: str
    rounds: int
    history: int
    machine: Machine
    load: float
    """The load average of the minute before the run: what else the machine did."""
    versions: Mapping[str, str]
    """By the target's id; those without a version of their own are left out."""
    skipped: Mapping[str, str]


def markdown(results: Sequence[Result], about: About) -> str:
    """Return the section."""
    parts = [
        "## Beside other proxies",
        _about(about),
        _METHOD.format(history=about.history),
        "![The figures of this section, drawn](performance.svg)",
        "### In short",
        _in_short(results),
        "### Where candela is slower",
        _slower(results),
    ]
    for result in results:
        parts += [f"### {result.case.title}", f"{result.case.shape.name}.{_in_use(result)}"]
        parts += [_table(figure, rows(figure, result.rounds)) for figure in result.case.figures]
        parts += [f"{label(name)} gave up: {why}." for name, why in result.failed.items()]
    return "\n\n".join(parts)


def _about(about: About) -> str:
    versions = ", ".join(f"{label(name)} {version}" for name, version in about.versions.items())
    lines = [
        f"Measured on {about.date}, in {about.rounds} round{'s' * (about.rounds != 1)}.",
        "",
        f"- Machine: {about.machine}",
        f"- Load of the machine before the run, which other programs put on it: {about.load:.1f}",
        f"- Versions: {versions}",
    ]
    lines += [f"- Not measured: {label(name)} ({why})" for name, why in about.skipped.items()]
    return "\n".join(lines)


def _in_use(result: Result) -> str:
    return " Meanwhile someone uses the dashboard, where there is one." if result.case.in_use else ""


def _table(figure: Figure, table: Sequence[Row]) -> str:
    lines = [
        f"| {figure.name} ({figure.better} is better) | {figure.unit} | to {label(figure.compared_with)} |",
        "|---|---:|---:|",
    ]
    lines += [f"| {_name(row.target)} | {spread_text(row.value)} | {ratio_text(row.ratio)} |" for row in table]
    return "\n".join(lines)


def _name(target: str) -> str:
    return f"**{label(target)}**" if target in CANDELA else label(target)


def _headlines(
    results: Sequence[Result], wanted: Sequence[tuple[str, Figure]]
) -> Iterator[tuple[Result, Figure, dict[str, Row]]]:
    by_id = {result.case.id: result for result in results}
    for case_id, figure in wanted:
        if case_id in by_id:
            result = by_id[case_id]
            yield result, figure, {row.target: row for row in rows(figure, result.rounds)}


def _in_short(results: Sequence[Result]) -> str:
    columns = list(_headlines(results, _HEADLINES))
    targets = [name for name in LABELS if any(name in table for _, _, table in columns)]
    heads = [f"{result.case.title}: {figure.name}, {figure.unit}" for result, figure, _ in columns]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(columns)]
    for name in targets:
        values = [number(table[name].value.median) if name in table else "–" for _, _, table in columns]
        lines.append(f"| {_name(name)} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def _slower(results: Sequence[Result]) -> str:
    """Return each figure in which candela is behind what it is compared with, and how it is beside others."""
    lines = []
    for result in results:
        for figure in result.case.figures:
            found = {row.target: row.ratio.median for row in rows(figure, result.rounds) if row.ratio}
            if any(_is_behind(figure, found[name]) for name in CANDELA if name in found):
                about = f"{result.case.title}: {figure.name} ({figure.better} is better)"
                cells = [f"{found[name]:.2f}x" if name in found else "–" for name in CANDELA]
                lines.append(f"| {about} | {label(figure.compared_with)} | {' | '.join(cells)} |")
    if not lines:
        return _filled(f"In no figure is candela behind what it is compared with. {_beside(results)}")
    head = ["| | beside | " + " | ".join(map(label, CANDELA)) + " |", "|---|---|" + "---:|" * len(CANDELA)]
    return "\n".join([_filled(f"{_RECORDS} {_beside(results)}"), "", *head, *lines])


def _filled(text: str) -> str:
    return textwrap.fill(text, _LINE, break_long_words=False, break_on_hyphens=False)


_RECORDS = """\
The bare relay records nothing. candela also reads, prices and stores each request, mostly after its answer. That is the
greater part of its processor time, and it limits the throughput of a long load."""


def _beside(results: Sequence[Result]) -> str:
    """Return in how many figures candela with its dashboard is ahead of each other program."""
    ahead: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for result in results:
        for figure in result.case.figures:
            medians = {row.target: row.value.median for row in rows(figure, result.rounds)}
            own = medians.get("dashboard")
            if own is None:
                continue
            for name in _OTHERS & medians.keys():
                of[name] += 1
                ahead[name] += own < medians[name] if figure.better == "less" else own > medians[name]
    told = [f"of {label(name)} in {ahead[name]} of {of[name]}" for name in LABELS if of[name]]
    return f"With its dashboard, candela is ahead {', '.join(told)} figures." if told else ""


def _is_behind(figure: Figure, ratio: float) -> bool:
    return ratio > _AS_FAST if figure.better == "less" else ratio < 1 / _AS_FAST


def panels(results: Sequence[Result]) -> list[Panel]:
    """Return what is drawn."""
    return [
        Panel(
            f"{result.case.title}: {figure.name}, {figure.unit} ({figure.better} is better)",
            [Mark(label(name), row.value, number(row.value.median), name in CANDELA) for name, row in table.items()],
        )
        for result, figure, table in _headlines(results, _PLOTTED)
    ]


_QUOTE = re.compile(r"(<!-- figures of docs/performance.md -->\n).*?(<!-- end of figures -->\n)", re.DOTALL)
_QUOTED_BESIDE = ("bare", "nginx", "mitmproxy")


def quoted_in(readme: str, results: Sequence[Result]) -> str:
    """Return README.md with the sentences that quote these results, between the marks that it has for them."""
    sentences = _filled(_quote(results))
    return _QUOTE.sub(lambda marks: f"{marks[1]}{sentences}\n{marks[2]}", readme)


def _quote(results: Sequence[Result]) -> str:
    wanted = (("one", figures.ADDED_TTFB), ("paced", figures.DELAY_P999))
    (_, _, added), (_, _, delay) = _headlines(results, wanted)
    beside = ", ".join(f"{label(name)} {_ms(added[name])}" for name in _QUOTED_BESIDE if name in added)
    return (
        f"With the dashboard open and everything recorded, it adds {_ms(added['dashboard'])} to the first byte of an "
        f"answer ({beside} in the same run). While 40 answers stream and someone uses the dashboard, 99.9% of their "
        f"chunks arrive within {_ms(delay['dashboard'])} ({_ms(delay['straight'])} straight from the provider): "
        "[how that is measured, and where candela is slower](docs/performance.md)."
    )


def _ms(row: Row) -> str:
    return f"{number(row.value.median)} ms"
