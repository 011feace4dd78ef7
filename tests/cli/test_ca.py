"""`candela ca`, and what `--intercept` prints and refuses."""

import json
from pathlib import Path

from tests.cli.command import Home


async def test_an_authority_is_made_shown_and_removed(home: Home) -> None:
    missing = await home.run("ca", "path")
    assert (missing.code, "no certificate authority yet" in missing.err) == (1, True)
    assert (await home.run("ca", "renew")).code == 0
    path = Path((await home.run("ca", "path")).out.strip())
    assert path.read_text().startswith("-----BEGIN CERTIFICATE-----")
    shown = (await home.run("ca", "show")).out
    assert "may sign" in shown
    assert "bedrock-runtime.*.amazonaws.com" in shown
    record = json.loads((await home.run("ca", "show", "--json")).out)
    assert record["certificate"] == str(path)
    assert Path(record["key"]).stat().st_mode & 0o077 == 0
    old = record["sha256"]
    await home.run("ca", "renew")
    assert json.loads((await home.run("ca", "show", "--json")).out)["sha256"] != old
    assert (await home.run("ca", "remove")).code == 0
    assert not path.parent.exists()
    assert (await home.run("ca", "remove")).code == 0


async def test_env_intercept_prints_the_variables_and_a_warning(home: Home) -> None:
    ran = await home.run("env", "--intercept", "--shell", "bash")
    assert f"export HTTPS_PROXY=http://127.0.0.1:{home.port}" in ran.out
    assert "export NODE_EXTRA_CA_CERTS=" in ran.out
    assert "every program" in ran.err
    document = json.loads((await home.run("env", "--intercept", "--json")).out)
    assert Path(document["env"]["NODE_EXTRA_CA_CERTS"]).is_file()


async def test_a_bundle_of_the_user_is_kept_and_one_that_is_not_there_is_named(home: Home, tmp_path: Path) -> None:
    await home.run("ca", "renew")
    theirs = tmp_path / "theirs.pem"
    theirs.write_text(Path((await home.run("ca", "path")).out.strip()).read_text())
    await home.run("ca", "renew")
    home.environment["NODE_EXTRA_CA_CERTS"] = str(theirs)
    document = json.loads((await home.run("env", "--intercept", "--json")).out)
    bundle = Path(document["env"]["NODE_EXTRA_CA_CERTS"])
    assert bundle.read_text().count("BEGIN CERTIFICATE") == 2
    home.environment["NODE_EXTRA_CA_CERTS"] = str(tmp_path / "missing.pem")
    ran = await home.run("env", "--intercept")
    assert (ran.code, "missing.pem: can't be read" in ran.err) == (1, True)


async def test_intercept_and_a_route_exclude_each_other(home: Home) -> None:
    for command in (("env",), ("exec",)):
        ran = await home.run(*command, "--intercept", "--route", "vertex", *(("true",) if command == ("exec",) else ()))
        assert (ran.code, "leave out --route" in ran.err) == (2, True)
