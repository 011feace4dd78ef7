"""Any value, from any place, is either accepted or refused in words, and nothing else in the file is lost."""

import datetime
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from candela_tui.cli.main import cli
from candela_tui.config import (
    ConfigError,
    Origin,
    Settings,
    from_text,
    known_settings,
    load,
    read_document,
    to_text,
    toml_value,
    validated,
)
from candela_tui.text.terminal_safe import is_terminal_safe_lines
from candela_tui.ui.screens.settings.setting_row import SettingRow
from candela_tui.ui.settings_check import setting_mistakes

Key = tuple[str, ...]

BELOW_TABLES: list[Key] = [
    ("models", "claude-opus-4-8", "vertex"),
    ("models", "claude-opus-4-8", "vertex_region"),
    ("models", "a.b", "bedrock"),
    ("models", "a.b"),
    ("pricing", "models", "m", "input"),
    ("pricing", "models", "m"),
    ("vertex", "betas", "a-flag"),
    ("aws", "betas", "a-flag"),
    ("ui", "keys", "app.keys"),
    ("ui", "keys", "no.such.action"),
    ("proxy",),
    ("proxy", "port", "below"),
    ("nonsense", "key"),
]
KEYS = st.sampled_from([*(one.key for one in known_settings()), *BELOW_TABLES])

_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["", " ", "~nobody-here/x", "/", "//", "a b", "1e999999999", "nan", "true", "12345", "global"]),
    st.sampled_from(["us-east-1", "https://a.example", "http://[", "http://a:99999", "f1", ",", "auto", "bell"]),
)
_SCALARS = st.one_of(
    _TEXTS,
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([10**400, -(10**400), 0, 1, 8181]),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from([Decimal("1e-300"), Decimal("1e300"), Decimal("0.5")]),
    st.datetimes() | st.dates() | st.times(),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS | st.just("input"), inner, max_size=3),
    max_leaves=5,
)

FILE = "# mine\n[anthropic]\nkey_lifetime_s = 17 # why\n\n# about openai\n[openai]\ncache_breakpoints = false\n# end\n"
FOREIGN_WORDS = re.compile(r"Traceback|Input should|Value error|pydantic|Decimal\(|tomllib|tomlkit")


@contextmanager
def config_file(content: str = "") -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "config.toml"
        file.write_bytes(content.encode())
        yield file


def nested(key: Key, value: Any) -> dict[str, Any]:
    for part in reversed(key):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def is_in_words(message: str) -> bool:
    return is_terminal_safe_lines(message) and FOREIGN_WORDS.search(message) is None


def refusal(read: Callable[[], Settings]) -> str:
    """Return what the user is told about settings that are refused, and nothing about others."""
    try:
        setting_mistakes(read())
    except ConfigError as error:
        return str(error)
    return ""


@settings(max_examples=50)
@given(KEYS, VALUES)
@example(("proxy", "ca_bundle"), "~nobody-here/ca.pem")
@example(("proxy", "ca_bundle"), "\0")
@example(("vertex", "betas", "flag"), 3)
@example(("models", "m"), {"": 10**5000})
def test_of_a_file(key: Key, value: Any) -> None:
    try:
        text = tomli_w.dumps(nested(key, value))
    except ValueError:  # Python itself writes no number of more than 4300 digits.
        text = f"{key[0]} = {hex(10**5000)}"
    with config_file(text) as file:
        told = refusal(lambda: load(file, {}))
        assert is_in_words(told)
        assert told.startswith(f"{file}: ") or not told


@settings(max_examples=50)
@given(st.text(st.sampled_from("[]{}=\"'\n.#1e_-+ap\\\t"), max_size=40))
@example("[" * 10_000)
@example("a = 1e99999999999999999999")
@example(f"a = {'1' * 5000}")
@example("[proxy]\nport = 1e999999999")
def test_of_a_file_that_is_hardly_toml(text: str) -> None:
    with config_file(text) as file:
        assert is_in_words(refusal(lambda: load(file, {})))


@settings(max_examples=50)
@given(KEYS, st.one_of(_TEXTS, VALUES.map(toml_value), st.just("\udcff")))
@example(("proxy", "port", "below"), "1")
def test_of_the_environment(key: Key, text: str) -> None:
    name = f"CANDELA_{'__'.join(key)}".upper()
    told = refusal(lambda: validated({"proxy": {"port": 8181}}, "FILE", {name: text}))
    assert is_in_words(told)
    assert name in told or not told


@settings(max_examples=50)
@given(KEYS, st.one_of(_TEXTS, VALUES.map(toml_value), st.just("\udcff")))
@example(("proxy",), "{}")
@example(("proxy",), "{ port = 8182 }")
def test_of_config_set(key: Key, text: str) -> None:
    with config_file(FILE) as file:
        name = ".".join(toml_value(part) for part in key)
        result = CliRunner().invoke(cli, ["--config", str(file), "config", "set", "--", name, text])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        if result.exit_code == 0:
            assert "# mine\n[anthropic]\nkey_lifetime_s = " in file.read_text()
            assert "# why\n" in file.read_text()
            assert "# about openai\n[openai]\n" in file.read_text()
            assert not setting_mistakes(load(file, {}))
        else:
            assert is_in_words(result.output)
            assert file.read_bytes() == FILE.encode()


@settings(max_examples=50)
@given(KEYS, VALUES)
@example(("anthropic", "key_command"), '"my program" --key')
@example(("anthropic", "key_command"), "'quoted'")
@example(("anthropic", "key_command"), "one\ntwo")
@example(("pricing", "models"), {"m": {"input": Decimal("0.10"), "output": 1}})
def test_what_the_settings_screen_offers_to_edit_is_the_value(key: Key, value: Any) -> None:
    found = next((one for one in known_settings() if one.key == key), None)
    if found is None:
        return
    try:
        accepted = found.value(validated(nested(key, value), "FILE", {}))
    except ConfigError:
        return
    row = SettingRow(found, accepted, Origin(in_file=True))
    drawn = [row.draw(0, 80, 0), *row.about(80)]
    assert all(is_terminal_safe_lines(text) for line in drawn for text, *_ in line)
    again = from_text(key, to_text(key, accepted))
    assert found.value(validated(nested(key, again), "FILE", {})) == accepted


OPTIONAL = [one.key for one in known_settings() if '""' in one.meaning and one.default is None]


@pytest.mark.parametrize("key", [*OPTIONAL, ("models", "m", "vertex_region")], ids=".".join)
def test_an_empty_text_means_unset_everywhere(key: Key) -> None:
    assert validated({}, "FILE", {f"CANDELA_{'__'.join(key)}".upper(): ""}).model_copy(
        update={"models": {}}
    ) == validated(nested(key, ""), "FILE", {}).model_copy(update={"models": {}})
    assert validated(nested(key, ""), "FILE", {}).model_copy(update={"models": {}}) == Settings()
    assert from_text(key, "") == ""


@pytest.mark.parametrize("date", [datetime.date(2026, 1, 2), datetime.time(3)])
def test_a_date_is_not_text(date: Any) -> None:
    with pytest.raises(ConfigError, match="expected text in quotes; found "):
        validated({"ui": {"theme": date}}, "FILE", {})


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        (("vertex", "project"), "12345", "12345"),
        (("vertex", "project"), '"12345"', "12345"),
        (("ui", "theme"), "true", "true"),
        (("proxy", "ca_bundle"), "2026-01-02", "2026-01-02"),
        (("ui", "keys", "app.keys"), "1", "1"),
        (("models", "m", "bedrock"), "12", "12"),
        (("vertex", "betas", "flag"), "true", True),
        (("vertex", "betas", "flag"), "other-flag", "other-flag"),
        (("proxy", "port"), "8181", 8181),
        (("anthropic", "key_command"), "[ -f key ] && cat key", "[ -f key ] && cat key"),
    ],
)
def test_digits_are_text_for_a_setting_that_is_text(key: Key, text: str, value: object) -> None:
    assert from_text(key, text) == value


def test_a_refused_value_is_not_repeated_where_it_is_a_secret() -> None:
    key = "sk-ant-api03-" + "a" * 90
    with pytest.raises(ConfigError) as raised:
        validated({"vertex": {"oauth_client_secret": "GOCSPX a b", "project": f"{key} {key}"}}, "FILE", {})
    assert "GOCSPX" not in str(raised.value)
    assert "aaaa" not in str(raised.value)


def test_nothing_is_read_from_a_refused_document() -> None:
    with config_file("a = 1\na = 2\n") as file, pytest.raises(ConfigError, match="line 2: a is set twice, first in"):
        read_document(file)
