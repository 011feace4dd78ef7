"""deploy/candela.1: the man page that a wheel installs."""

import shutil
import subprocess

import pytest

from candela_tui.cli.main import COMMANDS
from tests.cli.man_page import PAGE, man_page


def test_the_page_is_that_of_these_commands() -> None:
    assert PAGE.read_text("utf-8") == man_page(), "`python -m tests.cli.man_page` writes it"


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_it_can_be_read_with_man() -> None:
    ran = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-P-cbou", PAGE], capture_output=True, text=True, check=True, timeout=60
    )

    assert ran.stderr == ""
    assert all(f"candela {name}" in ran.stdout for name in COMMANDS)
