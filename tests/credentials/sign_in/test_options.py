"""Answers of a sign-in that are options of the command."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from candela_tui.cli.commands.auth import auth
from candela_tui.cli.invocation import Invocation
from candela_tui.paths import default_paths
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.registry import sign_in_to

WRONG = {
    "access-key-id": "mine",
    "account": "1234",
    "hours": "99",
    "project": "Two Words",
    "region": "not a region",
    "resource": "/",
    "sso-region": "Frankfurt",
    "start-url": "my-company",
    "workspace": "my workspace",
}


def options() -> Iterator[tuple[Provider, str]]:
    return ((provider, option) for provider in Provider for option in sign_in_to(provider).forms)


@pytest.mark.parametrize(("provider", "option"), options())
def test_a_wrong_one_is_refused_before_anything_begins(
    provider: Provider, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_begins(*_: object) -> None:
        pytest.fail("the sign-in has begun")

    monkeypatch.setattr("candela_tui.cli.terminal.sign_in_method._fitting", nothing_begins)
    paths = default_paths(tmp_path / "config.toml", tmp_path / "data")
    arguments = ["login", "--provider", PROVIDERS[provider].account, f"--{option}", WRONG[option]]
    ran = CliRunner().invoke(auth, arguments, obj=Invocation(paths.config, paths.data))
    assert ran.exit_code == 2
    assert f"Error: --{option} {WRONG[option]}: That is not " in ran.output
    assert not paths.config.exists()
