"""The version grows with the releases in CHANGELOG.md."""

import re
from pathlib import Path

from packaging.version import Version

from candela_tui import __version__

HEADINGS = re.findall("^## (.+)$", (Path(__file__).parents[1] / "CHANGELOG.md").read_text(), re.MULTILINE)
RELEASE = re.compile(r"(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)")


def test_every_part_but_the_unreleased_is_a_release_with_its_date_the_newest_first() -> None:
    releases = [RELEASE.fullmatch(heading) for heading in HEADINGS if heading != "Unreleased"]
    assert releases
    assert all(releases)
    assert HEADINGS.index("Unreleased") == 0 if "Unreleased" in HEADINGS else True
    known = [(Version(release[1]), release[2]) for release in releases if release]
    assert known == sorted(known, reverse=True)
    assert len(known) == len({version for version, _ in known})


def test_the_version_is_that_of_the_newest_release_or_of_the_next_one_in_development() -> None:
    version, newest = Version(__version__), Version(HEADINGS[HEADINGS[0] == "Unreleased"].split()[0])
    assert version.is_devrelease == (HEADINGS[0] == "Unreleased")
    assert version > newest if version.is_devrelease else version == newest
