"""What candela costs against the size of what it holds: ``python -m benchmarks growth``.

What is shown is the same at each size, so the cost of showing it should be, too.
"""

import argparse
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

from benchmarks.document import DOCUMENT, write_section
from benchmarks.figures import spread
from benchmarks.growth_cases import CASES, Cost, measure
from benchmarks.machine import Machine, this_machine
from benchmarks.plot import Mark, Panel, svg
from benchmarks.report import number


@dataclass(frozen=True, slots=True)
class Growth:
    """One operation at its sizes, from the smallest to the largest."""

    costs: tuple[Cost, ...]

    @property
    def operation(self) -> str:
        """What was done."""
        return self.costs[0].operation

    @property
    def exponent(self) -> float:
        """How the cost grows between the smallest and the largest size: 0 not at all, 1 in proportion, 2 as its
        square."""
        small, large = self.costs[0], self.costs[-1]
        return log(max(large.cpu_ms, 1) / max(small.cpu_ms, 1)) / log(large.size / small.size)

    @property
    def exponent_words(self) -> str:
        """How the cost grows, such as ``size^0.83``."""
        return f"size^{max(0.0, self.exponent):.1f}"


def growths(costs: Sequence[Cost]) -> list[Growth]:
    """Return the costs by operation, in the order of their measurement."""
    found: dict[tuple[str, int], list[Cost]] = {}
    places: dict[tuple[str, int], int] = {}
    for cost in costs:
        place = places[cost.case, cost.size] = places.get((cost.case, cost.size), -1) + 1
        found.setdefault((cost.case, place), []).append(cost)
    return [Growth(tuple(each)) for each in found.values()]


def text(costs: Sequence[Cost]) -> str:
    """Return the costs as aligned text."""
    lines = []
    for growth in growths(costs):
        first = growth.costs[0]
        figures = "".join(f"{cost.cpu_ms:10,.0f}{cost.stall_ms:7,.0f}{cost.peak_mb:6,.0f}" for cost in growth.costs)
        lines.append(f"{first.case:13}{first.operation:30}{figures}   size^{growth.exponent:.2f}")
    heads = "".join(f"{'ms':>10}{'stall':>7}{'MB':>6}" for _ in range(3))
    return "\n".join([f"{'':43}{heads}", *lines])


def markdown(costs: Sequence[Cost], machine: Machine) -> str:
    """Return the section of docs/performance.md."""
    found = growths(costs)
    parts = [
        "## As it grows",
        textwrap.fill(_METHOD.format(machine=machine), 120),
        "![Processor time against size](growth.svg)",
    ]
    for case in dict.fromkeys(cost.case for cost in costs):
        of_case = [each for each in found if each.costs[0].case == case]
        first = of_case[0].costs
        heads = [f"{cost.size:,}" for cost in first]
        lines = [
            f"| {first[0].unit} | {' | '.join(heads)} | grows as |",
            "|---|" + "---:|" * (len(heads) + 1),
            *(f"| {each.operation} | {' | '.join(_told(each))} | {each.exponent_words} |" for each in of_case),
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _told(growth: Growth) -> list[str]:
    return [f"{number(cost.cpu_ms)} ms" for cost in growth.costs]


_METHOD = """\
Processor time of the whole process for what a user does in the dashboard, until it is idle again, at three sizes each,
on {machine}. Where what is shown is the same at each size, its cost should be, too: "size^0.1" is hardly more. Summing
up, exporting a session and looking for what is not there read everything, and may grow in proportion, as "size^1". The
dashboard loads the whole of a session that is in use."""


def panels(costs: Sequence[Cost]) -> list[Panel]:
    """Return what is drawn: each operation at each size."""
    found = growths(costs)
    drawn = []
    for case in dict.fromkeys(cost.case for cost in costs):
        marks = [
            Mark(
                f"{cost.operation}, {cost.size:,}",
                spread([cost.cpu_ms]),
                f"{number(cost.cpu_ms)} ms",
                own=cost is growth.costs[-1],
            )
            for growth in found
            if growth.costs[0].case == case
            for cost in growth.costs
        ]
        drawn.append(Panel(f"By {CASES[case][1]}: processor time, ms (less is better)", marks))
    return drawn


def main(arguments: Sequence[str]) -> None:
    """Print what each operation costs at three sizes, and write it into docs/performance.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks growth")
    parser.add_argument("--case", choices=CASES, action="append", help="only this one; can be repeated")
    parser.add_argument("--share", type=float, default=1.0, help="of the sizes, for a quick look")
    parser.add_argument(
        "--document",
        type=Path,
        metavar="FILE",
        help="write the section here. Without it, a run of everything writes docs/performance.md",
    )
    options = parser.parse_args(arguments)
    costs = measure(options.case or tuple(CASES), options.share, lambda words: print(words, flush=True))
    print(text(costs))
    document = options.document
    if document is None and not options.case and options.share == 1:
        document = DOCUMENT
    if document is not None:
        write_section("growth", markdown(costs, this_machine()), document)
        document.with_name("growth.svg").write_text(svg(panels(costs), "Processor time against size"), "utf-8")
