"""``candela config``: settings read, changed and checked on the command line."""

import asyncio
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from candela_tui.cli.main import cli
from candela_tui.config import known_settings
from tests.cli.command import Home


@pytest.fixture
def home(home: Home) -> Home:
    """Without settings in the environment."""
    for name in ("CANDELA_PROXY__PORT", "CANDELA_ANTHROPIC__BASE_URL"):
        home.environment.pop(name)
    return home


def written(home: Home) -> dict[str, object]:
    return tomllib.loads(home.config.read_text())


async def test_path_says_where_the_file_is(home: Home) -> None:
    assert (await home.run("config", "path")).out == f"{home.config}\n"
    assert (await home.run("--config", "other.toml", "config", "path")).out == f"{home.directory / 'other.toml'}\n"


async def test_a_setting_that_was_set_is_got_and_in_force(home: Home) -> None:
    assert (await home.run("config", "set", "proxy.port", "8282")).code == 0
    assert (await home.run("config", "get", "proxy.port")).out == "8282\n"
    assert "http://127.0.0.1:8282/" in (await home.run("env")).out
    assert written(home) == {"proxy": {"port": 8282}}


async def test_setting_one_key_keeps_the_others(home: Home) -> None:
    home.config.write_text('[ui]\ntheme = "candela-light"\n[proxy]\nidle_timeout_s = 1.5\n')
    await home.run("config", "set", "proxy.port", "8282")
    assert written(home) == {"ui": {"theme": "candela-light"}, "proxy": {"idle_timeout_s": 1.5, "port": 8282}}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("anthropic.base_url", "https://gateway.example/x", "https://gateway.example/x"),
        ("ui.theme", '"candela-light"', "candela-light"),
        ("proxy.allow", "any-local", "any-local"),
        ("proxy.connect_timeout_s", "2.5", "2.5"),
        ("pricing.discount_percent", "12.5", "12.5"),
    ],
)
async def test_a_value_is_toml_or_else_text(key: str, value: str, expected: str, home: Home) -> None:
    result = await home.run("config", "set", key, value)
    assert (result.code, result.err) == (0, "")
    assert (await home.run("config", "get", key)).out == f"{expected}\n"


async def test_a_model_whose_name_has_dots_gets_a_price(home: Home) -> None:
    key = 'pricing.models."nova-1.5"'
    assert (await home.run("config", "set", key, "{ input = 3, output = 15.25 }")).code == 0
    assert (await home.run("config", "set", f"{key}.cache_read", "0.3")).code == 0
    assert (await home.run("config", "get", f"{key}.cache_read")).out == "0.3\n"
    assert tomllib.loads((await home.run("config", "get", key)).out) == {"input": 3, "output": 15.25, "cache_read": 0.3}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("proxy.prot", "8282", "did you mean proxy.port?"),
        ("proxy.port", "eighty", "proxy.port: expected"),
        ("proxy.port", "99999", "proxy.port: expected"),
        ("nosuch.key", "1", "nosuch"),
        ("proxy", "1", "proxy: expected"),
    ],
)
async def test_a_wrong_setting_is_told_and_not_written(key: str, value: str, words: str, home: Home) -> None:
    home.config.write_text("[proxy]\nport = 8181\n")
    result = await home.run("config", "set", key, value)
    assert result.code == 1
    assert words in result.err
    assert str(home.config) in result.err
    assert home.config.read_text() == "[proxy]\nport = 8181\n"


@pytest.mark.parametrize("key", ["", "proxy.", "a = 1\nb", "[proxy]", "proxy port"])
async def test_what_is_no_key_is_a_mistake_of_usage(key: str, home: Home) -> None:
    assert (await home.run("config", "set", key, "1")).code == 2
    assert not home.config.exists()


async def test_setting_a_key_keeps_the_comments(home: Home) -> None:
    home.config.write_text('# mine\n[ui]\ntheme = "nord"  # blue\n')
    await home.run("config", "set", "ui.attention.cost_marks_usd", "[5, 20.50]")
    assert home.config.read_text().startswith('# mine\n[ui]\ntheme = "nord"  # blue\n')
    assert (await home.run("config", "get", "ui.attention.cost_marks_usd")).out == "[5, 20.50]\n"


async def test_get_without_a_key_prints_everything_as_toml_with_what_it_means(home: Home) -> None:
    printed = (await home.run("config", "get", CANDELA_PROXY__PORT="8383")).out
    assert "# The port to listen on.\nport = 8383\n" in printed
    document = tomllib.loads(printed)
    assert document["proxy"]["port"] == 8383
    assert document["anthropic"]["base_url"] == "https://api.anthropic.com"


async def test_get_prints_every_setting_and_those_without_a_value_as_comments(home: Home) -> None:
    home.config.write_text('[vertex]\nproject = "mine"\n')
    printed = (await home.run("config", "get")).out
    section, printed_here = "", set()
    for line in printed.splitlines():
        section = line.strip("[]") if line.startswith("[") else section
        printed_here |= {f"{section}.{line.removeprefix('# ').partition(' = ')[0]}"} if " = " in line else {section}
    assert {setting.name for setting in known_settings()} - printed_here == set()
    assert 'project = "mine"\n' in printed
    assert '\n# region = ""\n' in printed
    of_section = (await home.run("config", "get", "vertex")).out
    assert of_section.splitlines()[1:3] == ["# the project of the credentials.", 'project = "mine"']
    assert '\n# region = ""\n' in of_section


async def test_get_shows_what_may_be_a_credential_only_where_it_is_named_alone(home: Home) -> None:
    home.config.write_text('[telemetry.headers]\nx-team = "of-the-team"\n')
    for key in ((), ("telemetry",), ("telemetry.headers",)):
        printed = (await home.run("config", "get", *key)).out
        assert "of-the-team" not in printed
        assert 'x-team = "[redacted]"' in printed
    assert (await home.run("config", "get", "telemetry.headers.x-team")).out == "of-the-team\n"


async def test_unset_goes_back_to_the_default_and_keeps_the_rest(home: Home) -> None:
    home.config.write_text("# mine\n[proxy]\nport = 8282\nmax_body_mb = 16 # why\n")
    assert (await home.run("config", "unset", "proxy.port")).code == 0
    assert home.config.read_text() == "# mine\n[proxy]\nmax_body_mb = 16 # why\n"
    assert (await home.run("config", "get", "proxy.port")).out == "8181\n"
    again = await home.run("config", "unset", "proxy.port")
    assert (again.code, again.out) == (0, f"proxy.port is not set in {home.config}.\n")


async def test_unset_removes_a_mistake_and_knows_what_is_no_setting(home: Home) -> None:
    home.config.write_text("[proxy]\nprot = 8282\n")
    assert (await home.run("config", "unset", "proxy.prot")).code == 0
    assert written(home) == {"proxy": {}}
    result = await home.run("config", "unset", "proxy.prot")
    assert (result.code, "there is no such key" in result.err) == (1, True)


async def test_get_of_an_unknown_key_names_the_known_ones(home: Home) -> None:
    result = await home.run("config", "get", "proxy.prot")
    assert result.code == 1
    assert "port" in result.err


async def test_a_value_that_the_environment_overrides_says_so(home: Home) -> None:
    result = await home.run("config", "set", "proxy.port", "8282", CANDELA_PROXY__PORT="8383")
    assert result.code == 0
    assert "CANDELA_PROXY__PORT" in result.err
    assert written(home) == {"proxy": {"port": 8282}}


async def test_check_passes_a_good_file_and_names_every_mistake_of_a_bad_one(home: Home) -> None:
    assert (await home.run("config", "check")).code == 0
    home.config.write_text("[proxy]\nprot = 1\nport = 0\n")
    result = await home.run("config", "check")
    assert result.code == 1
    assert "proxy.prot" in result.err
    assert "proxy.port" in result.err
    home.config.write_text("[proxy\n")
    result = await home.run("config", "check")
    assert (result.code, "not valid TOML" in result.err) == (1, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[proxy]\nca_bundle = "/not/there.pem"', "proxy.ca_bundle: /not/there.pem: no CA certificates could be read"),
        ('[ui]\ntheme = "nrod"', "ui.theme: there is no theme 'nrod'; did you mean 'nord'?"),
        ('[mantle]\nregion = "moon"', "mantle.region: expected an AWS region, such as us-east-1; found 'moon'"),
        ('[foundry]\nresource = "a/b"', "foundry.resource: expected the name of a Foundry resource"),
        ('[vertex]\nregion = "a/b"', "vertex.region: expected a location, such as global, eu or us-east5"),
        ('[claude_aws]\nworkspace = "a/b"', "claude_aws.workspace: expected an ID"),
        ("[proxy]\nport = 1\n# c\nport = 2", "line 4: proxy.port is set twice, first in line 2; remove one"),
        ("[proxy]\nport = 1\n[ui]\n[proxy]\n", "line 4: [proxy] is there twice, first in line 1; move its keys"),
        ("[ui]\nkeys = { a = 'f', a = 'g' }", "line 2: ui.keys has a key twice; remove one"),
    ],
)
async def test_check_and_set_refuse_what_can_not_work(text: str, words: str, home: Home) -> None:
    home.config.write_text(text)
    result = await home.run("config", "check")
    assert (result.code, words in result.err) == (1, True), result.err
    key, value = next(iter(tomllib.loads(text).items())) if "twice" not in words else ("", {})
    for name, part in value.items():
        home.config.write_text("# mine\n")
        result = await home.run("config", "set", f"{key}.{name}", part)
        assert (result.code, words in result.err) == (1, True), result.err
        assert home.config.read_text() == "# mine\n"


async def test_a_mistake_of_another_setting_does_not_keep_one_from_being_set(home: Home) -> None:
    home.config.write_text('[ui]\ntheme = "nrod"\n')
    assert (await home.run("config", "set", "proxy.port", "8282")).code == 0
    assert (await home.run("config", "set", "ui.theme", "nord")).code == 0
    assert written(home) == {"ui": {"theme": "nord"}, "proxy": {"port": 8282}}


async def test_check_warns_of_a_variable_with_one_underscore(home: Home) -> None:
    environment = {"CANDELA_PROXY_PORT": "1", "CANDELA_UI_ATTENTION_HOW": "bell"}
    result = await home.run("config", "check", **environment)
    assert result.code == 0
    assert "CANDELA_PROXY_PORT is ignored; write CANDELA_PROXY__PORT, with two underscores" in result.err
    assert "write CANDELA_UI__ATTENTION__HOW" in result.err


async def test_check_warns_of_an_action_that_lost_its_key(home: Home) -> None:
    home.config.write_text('[ui.keys]\n"dashboard.zoom" = "q"\n')
    result = await home.run("config", "check")
    assert result.code == 0
    assert "'dashboard.leave' has lost it" in result.err


async def test_check_tells_of_keys_for_actions_that_are_not_there(home: Home) -> None:
    home.config.write_text('[ui.keys]\n"app.keys" = "f1"\n')
    assert (await home.run("config", "check")).code == 0
    home.config.write_text('[ui.keys]\n"app.kyes" = "f1"\n"app.settings" = "slahs"\n')
    result = await home.run("config", "check")
    assert result.code == 1
    assert "did you mean 'app.keys'?" in result.err
    assert "did you mean 'slash'?" in result.err


async def test_a_mistake_in_the_environment_names_the_variable(home: Home) -> None:
    result = await home.run("config", "check", CANDELA_PROXY__PORT="x")
    assert result.code == 1
    assert "CANDELA_PROXY__PORT" in result.err


async def test_eight_that_set_at_the_same_time_all_keep_their_setting(home: Home) -> None:
    results = await asyncio.gather(*(home.run("config", "set", f"vertex.betas.flag-{n}", "true") for n in range(8)))
    assert [result.code for result in results] == [0] * 8
    assert written(home) == {"vertex": {"betas": {f"flag-{n}": True for n in range(8)}}}


def test_check_and_set_warn_of_a_region_that_the_sdk_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"

    def config(*arguments: str) -> Result:
        return CliRunner(env={"CANDELA_AWS__REGION": None}).invoke(cli, ["--config", str(file), "config", *arguments])

    ran = config("set", "aws.region", "us-esat-1")
    warning = f"Warning: {file}: aws.region: AWS has no region us-esat-1; did you mean us-east-1?\n"
    assert (ran.exit_code, ran.stderr) == (0, warning)
    ran = config("check")
    assert (ran.exit_code, ran.stderr) == (0, warning)
    for quiet in (("set", "proxy.port", "8282"), ("set", "aws.base_url", "https://vpce.example"), ("check",)):
        assert config(*quiet).stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["start", "--data-dir", "x"], "--data-dir goes before the command: candela --data-dir DIR start"),
        (["config", "get", "--config", "x"], "--config goes before the command: candela --config FILE config"),
        (["start", "--nonsense"], "No such option '--nonsense'."),
    ],
)
def test_an_option_of_candela_behind_the_command_is_refused_with_its_place(arguments: list[str], words: str) -> None:
    ran = CliRunner().invoke(cli, arguments)
    assert ran.exit_code == 2
    assert words in ran.output
