"""docs/performance.md: what the measurements write, and how they leave each other's sections alone."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks import section
from benchmarks.cases import CASES
from benchmarks.document import with_section
from benchmarks.figures import Spread
from benchmarks.load import Measured
from benchmarks.machine import Machine, this_machine
from benchmarks.plot import Mark, Panel, decades, svg
from benchmarks.rounds import Result

ABOUT = section.About(
    date="2026-11-29",
    rounds=2,
    history=100,
    machine=Machine("Some CPU", 2, 24.0, "Linux 6.1", "CPython 3.11.7"),
    load=0.3,
    versions={"bare": "3.14.1", "serve": "0.2.0"},
    skipped={"nginx": "not installed"},
)


def _results() -> list[Result]:
    """Return two rounds of every case in which candela takes three times what bare aiohttp takes."""
    times = {"straight": 1.0, "bare": 2.0, "mitmproxy": 9.0, "serve": 4.0, "dashboard": 4.0}
    one = {name: Measured([ms], [ms], ms / 1000, ms / 1000) for name, ms in times.items()}
    taking = [(case, {name: one[name] for name in one if name in case.targets}) for case in CASES]
    return [Result(case, [part, part]) for case, part in taking]


def test_a_section_replaces_only_itself() -> None:
    document = with_section("", "growth", "## Growth\n\nstale", "2026-01-01")
    document = with_section(document, "relay", "## Relay", "2026-01-02")
    document = with_section(document, "growth", "## Growth\n\nnew", "2026-01-03")
    assert document.startswith("# Performance\n")
    assert document.count("Do not edit") == 1
    assert document.index("## Relay") < document.index("## Growth\n\nnew")
    assert "stale" not in document
    assert with_section(document, "relay", "## Relay", "2026-01-02") == document


def test_a_section_without_a_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="weather"):
        with_section("", "weather", "## Weather", "2026-01-01")


def test_the_section_names_machine_versions_and_what_was_not_measured() -> None:
    text = section.markdown(_results(), ABOUT)
    assert "Measured on 2026-11-29, in 2 rounds." in text
    assert "Some CPU, 2 cores, 24 GB of memory; Linux 6.1; CPython 3.11.7" in text
    assert "bare aiohttp 3.14.1, candela serve 0.2.0" in text
    assert "Not measured: nginx (not installed)" in text


def test_the_section_says_where_candela_is_slower() -> None:
    text = section.markdown(_results(), ABOUT)
    slower = text.partition("### Where candela is slower")[2].partition("###")[0]
    first = "| One request at a time: added time to the first byte, p50 (less is better) | bare aiohttp |"
    assert f"{first} 3.00x | 3.00x | – | – | – |" in slower
    assert "| 200 at once: slowest first byte (less is better) | the provider itself | 4.00x | 4.00x | –" in slower
    assert "ahead of bare aiohttp in 0 of 14, of mitmproxy in 14 of 14 figures" in " ".join(slower.split())


def test_the_section_says_so_if_candela_is_nowhere_slower() -> None:
    results = [
        replace(result, rounds=[dict.fromkeys(each, each["bare"]) for each in result.rounds]) for result in _results()
    ]
    slower = section.markdown(results, ABOUT).partition("### Where candela is slower")[2].partition("###")[0]
    assert slower.strip().startswith("In no figure is candela behind")


def test_the_readme_quotes_the_figures_between_its_marks() -> None:
    readme = "before\n<!-- figures of docs/performance.md -->\nold\n<!-- end of figures -->\nafter\n"
    quoted = section.quoted_in(readme, _results())
    assert "old" not in quoted
    assert quoted.startswith("before\n<!-- figures")
    assert quoted.endswith("<!-- end of figures -->\nafter\n")
    words = " ".join(quoted.split())
    assert (
        "adds 3.00 ms to the first byte of an answer (bare aiohttp 1.00 ms, mitmproxy 8.00 ms in the same run)" in words
    )
    assert "99.9% of their chunks arrive within 4.00 ms (1.00 ms straight from the provider)" in words
    assert max(map(len, quoted.splitlines())) <= 120


def test_this_machine_is_described_without_its_name() -> None:
    described = str(this_machine())
    assert "core" in described
    assert "Python" in described


@pytest.mark.parametrize(
    ("values", "powers"), [([0.2, 30.0], (-1, 2)), ([1.0, 1.0], (0, 1)), ([-2.0, 0.0], (0, 1)), ([0.5, 0.6], (-1, 0))]
)
def test_an_axis_has_whole_powers_of_ten(values: list[float], powers: tuple[int, int]) -> None:
    assert decades(values) == powers


def test_the_plot_is_an_image_in_which_every_mark_is_inside() -> None:
    marks = [Mark("a < b", Spread(0.0, -1.0, 5.0), "0", own=False), Mark("candela", Spread(2, 1, 40), "2", own=True)]
    drawn = svg([Panel("One & all", marks), Panel("Two", marks)], "two panels")
    root = ElementTree.fromstring(drawn)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 4
    assert all(0 < float(at.attrib["cx"]) < width and 0 < float(at.attrib["cy"]) < height for at in circles)
    assert "prefers-color-scheme: dark" in drawn
