"""config.toml and the environment: what holds, and how mistakes are told."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import (
    ConfigError,
    Settings,
    change_setting,
    known_keys,
    known_settings,
    load,
    origin_of,
    read_document,
    validated,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def mistake(file: Path, text: str, environ: dict[str, str] | None = None) -> str:
    """What the user is told about this file, without its path."""
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load(file, environ or {})
    return str(raised.value).replace(str(file), "FILE")


def test_without_a_file_the_defaults_hold(file):
    settings = load(file, {})
    assert settings == Settings()
    assert (settings.proxy.port, settings.anthropic.base_url) == (8181, "https://api.anthropic.com")


def test_the_file_holds(file):
    file.write_text(
        """
        [proxy]
        port = 9000
        connect_timeout_s = 2.5
        [anthropic]
        base_url = "http://127.0.0.1:9910/api/"
        [pricing]
        discount_percent = 12.5
        [pricing.models."my.model"]
        input = 0.1
        output = 0.3
        """
    )
    settings = load(file, {})
    assert (settings.proxy.port, settings.proxy.connect_timeout_s) == (9000, 2.5)
    assert settings.anthropic.base_url == "http://127.0.0.1:9910/api"
    assert settings.pricing.discount_percent == Decimal("12.5")
    assert settings.pricing.models["my.model"].input == Decimal("0.1")


def test_the_environment_wins_over_the_file(file):
    file.write_text("[proxy]\nport = 9000\nallow = 'any-local'\n")
    environ = {
        "CANDELA_PROXY__PORT": "9001",
        "CANDELA_PRICING__DISCOUNT_PERCENT": "12.5",
        "CANDELA_PRICING__MODELS": '{ "my.model" = { input = 0.1, output = 15 } }',
        "CANDELA_UI__REDUCED_MOTION": "true",
        "CANDELA_UI__ATTENTION__HOW": "bell",
        "CANDELA_UI__ATTENTION__COST_MARKS_USD": "[5, 20]",
        "CANDELA_CONFIG": "/somewhere",
        "PATH": "/bin",
    }
    settings = load(file, environ)
    assert (settings.proxy.port, settings.proxy.allow) == (9001, "any-local")
    assert settings.pricing.discount_percent == Decimal("12.5")
    assert settings.pricing.models["my.model"].input == Decimal("0.1")
    assert (settings.ui.reduced_motion, settings.ui.attention.how) == (True, "bell")
    assert settings.ui.attention.cost_marks_usd == (5, 20)


@given(st.decimals(0, 10**6, places=9))
def test_a_price_is_exactly_what_was_written(price):
    document = {"pricing": {"models": {"m": {"input": price, "output": price}}}}
    assert validated(document, "FILE", {}).pricing.models["m"].input == price


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[proxy]\nprot = 1", "FILE: proxy.prot: no such key; did you mean proxy.port?"),
        ("[prxy]\nport = 1", "FILE: prxy: no such section; did you mean proxy?"),
        (
            "[zoo]\nx = 1",
            "FILE: zoo: no such section; known here: anthropic, audit, aws, cache, claude_aws, claude_google_cloud, "
            "foundry, history, intercept, keys, mantle, metrics, models, openai, pricing, proxy, rules, sessions, "
            "sinks, store, team, telemetry, ui, vertex",
        ),
        ("[ui]\nzoom = 1", "FILE: ui.zoom: no such key; known here: attention, density, keys, reduced_motion, theme"),
        ("[proxy]\nport = 'abc'", "FILE: proxy.port: expected a whole number; found 'abc'"),
        ("[proxy]\nport = 8181.5", "FILE: proxy.port: expected a whole number; found 8181.5"),
        ("[proxy]\nport = 70000", "FILE: proxy.port: expected at most 65535; found 70000"),
        ("[proxy]\nport = 0", "FILE: proxy.port: expected at least 1; found 0"),
        ("[proxy]\nport = true", "FILE: proxy.port: expected a whole number; found true"),
        ("[proxy]\nconnect_timeout_s = 0", "FILE: proxy.connect_timeout_s: expected more than 0.0; found 0"),
        ("[proxy]\nidle_timeout_s = inf", "FILE: proxy.idle_timeout_s: expected a number; found Infinity"),
        ("[proxy]\nallow = 'all'", "FILE: proxy.allow: expected 'same-user' or 'any-local'; found 'all'"),
        ("proxy = 3", "FILE: proxy: expected a table; found 3"),
        ("[ui]\ntheme = true", "FILE: ui.theme: expected text in quotes; found true"),
        ("[ui]\nreduced_motion = 'never'", "FILE: ui.reduced_motion: expected true or false; found 'never'"),
        ("[ui]\ndensity = 'dense'", "FILE: ui.density: expected 'auto', 'standard' or 'compact'; found 'dense'"),
        ("[ui.keys]\n'requests.filter' = 3", 'FILE: ui.keys."requests.filter": expected text in quotes; found 3'),
        (
            "[ui.attention]\nhow = 'horn'",
            "FILE: ui.attention.how: expected 'off', 'bell', 'osc9' or 'osc777'; found 'horn'",
        ),
        ("[ui.attention]\ncost_marks_usd = 5", "FILE: ui.attention.cost_marks_usd: expected a list; found 5"),
        (
            "[ui.attention]\ncost_marks_usd = [5, -1]",
            "FILE: ui.attention.cost_marks_usd.1: expected at least 0; found -1",
        ),
        (
            "[ui.attention]\ncost_marks_usd = [true]",
            "FILE: ui.attention.cost_marks_usd.0: expected a number; found true",
        ),
        ("[ui]\ntheme = ['a']", "FILE: ui.theme: expected text; found a list"),
        ("[pricing]\ndiscount_percent = 101", "FILE: pricing.discount_percent: expected at most 100; found 101"),
        ("[pricing]\nmodels = 3", "FILE: pricing.models: expected a table; found 3"),
        ("[pricing.models]\nm = 3", "FILE: pricing.models.m: expected a table; found 3"),
        (
            "[pricing.models.m]\ninput = -1\noutput = 1",
            "FILE: pricing.models.m.input: expected at least 0; found -1",
        ),
        (
            "[pricing.models.m]\ninput = nan\noutput = 1",
            "FILE: pricing.models.m.input: expected a number; found NaN",
        ),
        (
            "[pricing.models.'my.model']\ninput = 1",
            'FILE: pricing.models."my.model".output is missing; pricing.models."my.model" needs it',
        ),
        (
            "[pricing.models.m]\ninpt = 1\noutput = 1",
            "FILE: pricing.models.m.inpt: no such key; did you mean pricing.models.m.input?",
        ),
        (
            "[pricing.models.m]\ninput = 1\noutput = 1\ncache_writes_1h = 1",
            "FILE: pricing.models.m.cache_writes_1h: no such key; did you mean pricing.models.m.cache_write_1h?",
        ),
    ],
)
def test_a_mistake_is_told_with_its_key_and_what_was_expected(file, text, told):
    assert mistake(file, text) == told


def test_an_empty_text_is_allowed_wherever_a_setting_says_so(file):
    words = [setting.key for setting in known_settings() if '""' in setting.meaning and setting.default is None]
    assert {("aws", "region"), ("foundry", "resource"), ("sinks", "json_lines", "path")} <= {*words}
    for key in [*words, ("models", "claude-opus-5", "vertex_region")]:
        section, name = ".".join(key[:-1]), key[-1]
        file.write_text(f'[{section}]\n{name} = ""\n')
        assert load(file, {}).model_copy(update={"models": {}}) == Settings(), key
        change_setting(file, key, "")


def test_a_name_with_spaces_is_refused(file):
    assert (
        mistake(file, "[foundry]\nresource = 'a b'")
        == "FILE: foundry.resource: expected one word without spaces; found 'a b'"
    )


def test_every_mistake_is_told_in_a_line_of_its_own(file):
    told = mistake(file, "[proxy]\nport = 0\n[ui]\ncolour = 'red'")
    assert sorted(line.split(":")[1] for line in told.splitlines()) == [" proxy.port", " ui.colour"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a",
        "api.anthropic.com",
        "https://",
        "https://a?x=1",
        "https://a/b?",
        "https://a#x",
        "https://a#",
        "https://a:x",
        "https://a b",
        "",
    ],
)
def test_a_base_url_that_could_not_work_is_refused(file, url):
    told = mistake(file, f"[anthropic]\nbase_url = '{url}'")
    assert told.startswith("FILE: anthropic.base_url: expected an http:// or https:// URL")
    assert told.endswith(f"found {url!r}")


@pytest.mark.parametrize("section", ["mantle", "claude_aws", "foundry", "claude_google_cloud"])
def test_a_base_url_that_a_console_shows_with_the_path_of_the_api_is_refused(file, section):
    told = mistake(file, f"[{section}]\nbase_url = 'https://r.services.ai.azure.com/anthropic/v1/messages'")
    assert told.startswith(f"FILE: {section}.base_url: expected a URL without /v1/messages at its end")
    assert "without /v1 at its end" in mistake(file, f"[{section}]\nbase_url = 'https://a.example/anthropic/v1/'")


def test_a_password_in_the_base_url_is_refused_and_not_repeated(file):
    told = mistake(file, "[anthropic]\nbase_url = 'https://ada:hunter2@gateway.example'")
    assert "without user name, password" in told
    assert "hunter2" not in told


def test_a_mistake_in_the_environment_names_the_variable(file):
    told = mistake(file, "", {"CANDELA_PROXY__PORT": "x"})
    assert told == "environment variable CANDELA_PROXY__PORT: proxy.port: expected a whole number; found 'x'"
    told = mistake(file, "", {"CANDELA_PROXY__PROT": "1"})
    assert told == "environment variable CANDELA_PROXY__PROT: proxy.prot: no such key; did you mean proxy.port?"
    told = mistake(file, "", {"CANDELA_PRXY__PORT": "1"})
    assert told == "environment variable CANDELA_PRXY__PORT: prxy: no such section; did you mean proxy?"
    told = mistake(file, "", {"CANDELA_PRICING__MODELS": "{ m = 1"})
    assert told == "environment variable CANDELA_PRICING__MODELS: pricing.models: expected a table; found '{ m = 1'"


def test_a_mistake_in_the_file_names_the_file_although_the_environment_sets_something_too(file):
    assert mistake(file, "[proxy]\nallow = 1", {"CANDELA_PROXY__PORT": "1"}).startswith("FILE: proxy.allow")


def test_what_is_not_toml_is_told_with_its_line(file):
    told = mistake(file, "[proxy]\nport =\n")
    assert told.startswith("FILE: line 2: this is not valid TOML. Text needs quotes")


def test_what_is_not_text_is_told(file):
    file.write_bytes(b"[ui]\ntheme = '\xe9'")
    with pytest.raises(ConfigError, match=r"is not UTF-8 text \(byte 15\)"):
        load(file, {})


def test_a_directory_in_the_place_of_the_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        load(tmp_path, {})


def test_a_file_with_a_byte_order_mark_is_read(file):
    file.write_bytes(b"\xef\xbb\xbf[proxy]\nport = 9000\n")
    assert load(file, {}).proxy.port == 9000


def test_a_ca_bundle_may_be_below_the_home_directory_and_empty_is_none(file, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    file.write_text("[proxy]\nca_bundle = '~/ca.pem'")
    assert load(file, {}).proxy.ca_bundle == Path("/home/ada/ca.pem")
    assert load(file, {"CANDELA_PROXY__CA_BUNDLE": ""}).proxy.ca_bundle is None


class TestChanging:
    def test_what_was_set_is_read_back(self, tmp_path):
        file = tmp_path / "new" / "config.toml"
        change_setting(file, ("proxy", "port"), 9000)
        change_setting(file, ("pricing", "models", "a.b"), {"input": Decimal("0.10"), "output": 3})
        change_setting(file, ("pricing", "models", "a.b", "cache_read"), Decimal("0.000000001"))
        assert read_document(file) == {
            "proxy": {"port": 9000},
            "pricing": {
                "models": {"a.b": {"input": Decimal("0.1"), "output": 3, "cache_read": Decimal("0.000000001")}}
            },
        }
        assert [path.name for path in file.parent.iterdir()] == ["config.toml"]

    def test_everything_else_stays_as_its_user_wrote_it(self, file):
        text = "# mine\r\n[ui]  # looks\r\ntheme = 'nord' # blue\r\n\r\n[proxy]\r\nport=1\r\n[ui.keys]\r\n"
        file.write_bytes(text.encode())
        change_setting(file, ("ui", "theme"), "gruvbox")
        assert file.read_bytes().decode() == text.replace("'nord'", '"gruvbox"')

    @pytest.mark.parametrize(
        ("before", "key", "after"),
        [
            (
                "[proxy]\nport = 1 # why\n\n# looks\n[ui]\n",
                ("proxy", "max_body_mb"),
                "[proxy]\nport = 1 # why\nmax_body_mb = 2\n\n# looks\n[ui]\n",
            ),
            (
                "[proxy]\n  port = 1\n  # allow = 'any-local'\n",
                ("proxy", "max_body_mb"),
                "[proxy]\n  port = 1\n  max_body_mb = 2\n  # allow = 'any-local'\n",
            ),
            ("[proxy] # p\n# looks\n[ui]\n", ("proxy", "port"), "[proxy] # p\nport = 2\n# looks\n[ui]\n"),
            (
                "[proxy]\r\nport = 1\r\n\r\n[ui]\r\n",
                ("proxy", "max_body_mb"),
                "[proxy]\r\nport = 1\r\nmax_body_mb = 2\r\n\r\n[ui]\r\n",
            ),
            (
                "[anthropic]\nkey_command = '''\n[proxy]\nport = 1'''\n# end\n",
                ("anthropic", "key_lifetime_s"),
                "[anthropic]\nkey_command = '''\n[proxy]\nport = 1'''\nkey_lifetime_s = 2\n# end\n",
            ),
            (
                "[pricing.models.m]\ninput = 1\noutput = 1\n# looks\n[ui]\n",
                ("pricing", "discount_percent"),
                "[pricing.models.m]\ninput = 1\noutput = 1\n\n[pricing]\ndiscount_percent = 2\n# looks\n[ui]\n",
            ),
            ("# mine\n[ui]", ("proxy", "port"), "# mine\n[ui]\n\n[proxy]\nport = 2\n"),
            ("proxy.port = 1\n# looks\n", ("proxy", "max_body_mb"), "proxy.port = 1\nproxy.max_body_mb = 2\n# looks\n"),
        ],
    )
    def test_a_new_key_follows_the_last_of_its_section(self, file, before, key, after):
        file.write_bytes(before.encode())
        change_setting(file, key, 2)
        assert file.read_bytes().decode() == after

    def test_a_section_that_is_set_as_a_whole_keeps_its_header_and_what_stays_in_it(self, file):
        file.write_text("# p\n[proxy]\nport = 1 # why\n# big\nmax_body_mb = 2\n\n# looks\n[ui]\n")
        change_setting(file, ("proxy",), {"port": 3})
        assert file.read_text() == "# p\n[proxy]\nport = 3 # why\n\n# looks\n[ui]\n"
        change_setting(file, ("anthropic",), {"key_lifetime_s": 4})
        assert file.read_text() == (
            "# p\n[proxy]\nport = 3 # why\n\n# looks\n[ui]\n\n[anthropic]\nkey_lifetime_s = 4\n"
        )

    @pytest.mark.parametrize(
        ("before", "key", "after"),
        [
            (
                "[ui]\n# looks\ntheme = 'x' # blue\n# rows\ndensity = 'auto'\n",
                "ui.theme",
                "[ui]\n# rows\ndensity = 'auto'\n",
            ),
            (
                "[ui]\ndensity = 'auto'\n\n# looks,\n# in short\ntheme = 'x'\n\n# p\n[proxy]\n",
                "ui.theme",
                "[ui]\ndensity = 'auto'\n\n# p\n[proxy]\n",
            ),
            ("[ui]\n# density = ''\n# looks\ntheme = 'x'\n", "ui.theme", "[ui]\n# density = ''\n"),
            ("# mine\nui.theme = 'x'\n# p\nproxy.port = 1\n", "ui.theme", "# mine\n# p\nproxy.port = 1\n"),
            ("# u\r\n[ui]\r\n# x\r\ntheme = 'x'\r\n", "ui.theme", "# u\r\n[ui]\r\n"),
            ("[aws]\nregion = '''\n'''\n# later\n", "aws.region", "[aws]\n# later\n"),
            (
                "[ui]\n\n# p\n[proxy]\nport = 1\n\n# bodies\nmax_body_mb = 2\n\n# a\n[anthropic]\n",
                "proxy",
                "[ui]\n\n# a\n[anthropic]\n",
            ),
            (
                "[models.a]\nbedrock = 'x'\n\n[ui]\n\n[models.b]\nbedrock = 'x'\n# end\n",
                "models",
                "[ui]\n\n# end\n",
            ),
        ],
    )
    def test_the_comments_above_a_key_go_with_it_and_no_others(self, file, before, key, after):
        file.write_bytes(before.encode())
        change_setting(file, tuple(key.split(".")), None)
        assert file.read_bytes().decode() == after

    def test_a_setting_that_is_taken_out_has_its_default_again(self, file):
        file.write_text("# mine\n[ui]\ntheme = 'nord'\n")
        change_setting(file, ("ui", "theme"), None)
        change_setting(file, ("ui", "attention", "how"), None)
        assert file.read_text() == "# mine\n[ui]\n"

    @pytest.mark.parametrize("value", [True, 3, Decimal("1.50"), 'a\n"b', [1, "x"], {"a.b": {"c": 1}, "d": [2]}])
    def test_a_value_of_a_table_in_any_form_is_replaced(self, file, value):
        for text in ("[ui.keys]\na = 'b'\n", "ui.keys.a = 'b'\n", "[ui]\nkeys = {a = 'b'}\n[proxy]\nport = 1\n"):
            file.write_text(text)
            if isinstance(value, str):
                change_setting(file, ("ui", "keys", "a"), value)
                assert load(file, {}).ui.keys == {"a": value}
            with pytest.raises(ConfigError):
                change_setting(file, ("ui", "keys"), value)
            change_setting(file, ("ui", "keys"), {"x.y": "f,slash"})
            assert load(file, {}).ui.keys == {"x.y": "f,slash"}

    def test_a_mistake_is_told_and_not_written(self, file):
        file.write_text("[proxy]\nport = 9000\n")
        with pytest.raises(ConfigError, match=r"proxy\.port: expected at most 65535; found 99999"):
            change_setting(file, ("proxy", "port"), 99999)
        assert file.read_text() == "[proxy]\nport = 9000\n"

    def test_a_link_stays_a_link_and_permissions_stay(self, tmp_path):
        real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
        real.write_text("")
        real.chmod(0o600)
        link.symlink_to(real)
        change_setting(link, ("ui", "theme"), "x")
        assert link.is_symlink()
        assert read_document(real) == {"ui": {"theme": "x"}}
        assert real.stat().st_mode & 0o777 == 0o600

    def test_a_file_that_can_not_be_written_is_told(self, tmp_path):
        (tmp_path / "file").symlink_to(tmp_path / "gone" / "away")
        (tmp_path / "gone").write_text("")
        with pytest.raises(ConfigError, match="can't be"):
            change_setting(tmp_path / "file", ("ui", "theme"), "x")


class TestDescribing:
    def test_every_setting_says_what_it_means(self):
        assert [setting.name for setting in known_settings() if not setting.meaning.endswith((".", "]"))] == []

    def test_a_setting_has_its_default_and_its_choices(self):
        settings = {setting.name: setting for setting in known_settings()}
        assert settings["proxy.port"].default == settings["proxy.port"].value(Settings()) == 8181
        assert settings["ui.density"].choices == ("auto", "standard", "compact")
        assert settings["ui.reduced_motion"].choices == (False, True)
        assert settings["ui.keys"].default == {}

    def test_where_a_setting_is_set_is_known(self):
        document = {"ui": {"theme": "nord", "attention": {"how": "bell"}}}
        environ = {"CANDELA_UI__DENSITY": "compact", "CANDELA_UI__ATTENTION__HOW": "off", "PATH": "/bin"}
        told = {key: origin_of(("ui", *key.split(".")), document, environ) for key in ("theme", "density", "keys")}
        assert {key: (origin.in_file, origin.variable) for key, origin in told.items()} == {
            "theme": (True, None),
            "density": (False, "CANDELA_UI__DENSITY"),
            "keys": (False, None),
        }
        how = origin_of(("ui", "attention", "how"), document, environ)
        assert (how.in_file, how.variable) == (True, "CANDELA_UI__ATTENTION__HOW")
        assert validated(document, "FILE", environ).ui.attention.how == "off"


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ((), sorted(Settings.model_fields)),
        (("pricing",), ["discount_percent", "models"]),
        (("pricing", "models"), []),
        (("pricing", "models", "m"), ["cache_read", "cache_write_1h", "cache_write_5m", "input", "output"]),
        (("pricing", "models", "m", "input"), []),
        (("proxy", "port"), []),
        (("nonsense",), []),
    ],
)
def test_the_keys_of_a_section_are_known(section, keys):
    assert known_keys(section) == keys
