"""What messages, help texts and documents name exists: commands and their options, settings, keys, and files."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from candela_tui.cli.main import COMMANDS, cli
from candela_tui.cli.rule_options import KindsGroup
from candela_tui.config import known_keys, known_settings
from candela_tui.paths import default_paths
from candela_tui.providers.identity import ACCOUNTS, ROUTE_OPTIONS
from candela_tui.ui.keys.actions import key_name
from candela_tui.ui.keys.keymap import known_bindings

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]
MODULES = sorted((ROOT / "candela_tui").rglob("*.py"))

_QUOTED = re.compile(r"`candela ([^`\n]+)`?")
_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_IN_BLOCK = re.compile(r"^\s*(?:uv run )?candela ([^#\n]+)", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
_SETTING = re.compile(r"`\[?([a-z]+(?:\.[a-z_0-9]+)*)(?:\.\"[^\"`]+\"|\.\*)?\]?`")
_VARIABLE = re.compile(r"\bCANDELA_([A-Z]+)__([A-Z_0-9]+)\b")
_SET = re.compile(r"candela config (?:set|get) ([a-z_]+\.[a-z_0-9.]+)")
_KEYS_TABLE = re.compile(r"\| key \| does \|\n\|---\|---\|\n((?:\|.*\|\n)+)")
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
_REPOSITORY_FILE = re.compile(r"`((?:candela_tui|tests|benchmarks|screenshots|docs|deploy|\.ci)/[\w./-]+)`")
_KEPT_FILE = re.compile(r"`(?:[\w./~-]*/)?(candela\.\w+(?:\.1)?|vault\.json|accounts\.json|dashboard\.json|api-token)`")

TELEMETRY_NAMES = {
    name
    for path in (ROOT / "candela_tui" / "sinks" / "telemetry").glob("*.py")
    for name in re.findall(r"\bcandela\.\w+", path.read_text("utf-8"))
}
"""Names of attributes and metrics, which look like files."""
SECTIONS = {setting.key[0] for setting in known_settings()}


def _mentions() -> Iterator[tuple[str, str]]:
    """What follows the word candela where a command is named, and the file's name."""
    for path in (*MODULES, *DOCUMENTS):
        text = path.read_text("utf-8")
        blocks = "\n".join(_BLOCK.findall(text)) if path.suffix == ".md" else ""
        found = _QUOTED.findall(text) + _IN_BLOCK.findall(blocks)
        yield from ((words, path.name) for words in found)


def _command(name: str) -> click.Command:
    entry = COMMANDS[name]
    command = getattr(importlib.import_module(f"candela_tui.cli.commands.{entry.module}"), entry.attribute)
    assert isinstance(command, click.Command)
    return command


def _options(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}


def _unknown(words: str) -> Iterator[str]:
    """Names in a mention of a command that do not exist."""
    global_options = _options(cli)
    words = re.split(r" [|<>] ", words)[0]
    rest = re.sub(r"^(?:--[a-z-]+ [A-Z~/.\w]+ )+", "", words)
    name = re.match(r"[a-z]+", rest)
    if name is None:
        yield from (option for option in _OPTION.findall(rest) if option not in global_options | {"--version"})
        return
    if name[0] not in COMMANDS:
        yield name[0]
        return
    command, arguments = _command(name[0]), rest[name.end() :]
    if isinstance(command, click.Group):
        below = re.match(r" ([a-z]+(?:\\?\|[a-z]+)*)", arguments)
        names = re.split(r"\\?\|", below[1]) if below else []
        below_kind = re.match(r" [a-z]+ ([a-z]+)", arguments)
        if isinstance(kinds := command.commands.get(names[0]) if names else None, KindsGroup) and below_kind:
            kind = kinds.get_command(click.Context(kinds), below_kind[1])
            yield from (f"{name[0]} {names[0]} {below_kind[1]}" for _ in range(kind is None))
            yield from (
                f"{name[0]} {names[0]} {below_kind[1]} {option}"
                for option in _OPTION.findall(arguments)
                if kind is not None and option not in _options(kind)
            )
            return
        default = command.commands.get(getattr(command, "default", ""))
        if default is None:
            yield from (f"{name[0]} {each}" for each in names if each not in command.commands)
        known = [command.commands[each] for each in names if each in command.commands] or [default or command]
    else:
        known = [command]
    if name[0] in ("claude", "exec"):
        # What follows their own options is for another program.
        arguments = re.split(r" (?=[\"'\w.{/]|-- )(?!direct|vertex|bedrock)", arguments)[0]
    options = set().union(*map(_options, known))
    yield from (f"{name[0]} {option}" for option in _OPTION.findall(arguments) if option not in options)


def test_every_command_and_option_that_is_named_exists() -> None:
    mentions = list(_mentions())
    assert len(mentions) > 80
    assert [(unknown, words, where) for words, where in mentions for unknown in _unknown(words)] == []


def _is_setting(parts: tuple[str, ...]) -> bool:
    """Return whether there is such a key or section. Below tables of the user's own names anything is one."""
    for depth, part in enumerate(parts):
        known = known_keys(parts[:depth])
        if known and part not in known:
            return False
        if any(setting.key == parts[: depth + 1] for setting in known_settings()):
            return depth + 1 == len(parts) or isinstance(_default(parts[: depth + 1]), dict)
    return True


def _default(key: tuple[str, ...]) -> object:
    return next(setting.default for setting in known_settings() if setting.key == key)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_setting_that_a_document_names_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    named = {tuple(name.split(".")) for name in _SETTING.findall(text)}
    named |= {tuple(name.split(".")) for name in _SET.findall(text)}
    settings = {parts for parts in named if len(parts) > 1 and parts[0] in SECTIONS and parts[-1] not in ("py", "db")}
    assert {".".join(parts) for parts in settings if not _is_setting(parts)} == set()


def test_every_setting_that_a_message_names_exists() -> None:
    named = {name: path.name for path in MODULES for name in _SET.findall(path.read_text("utf-8"))}
    assert len(named) > 3
    assert {name: where for name, where in named.items() if not _is_setting(tuple(name.split(".")))} == {}


def test_every_variable_of_a_setting_that_is_named_exists() -> None:
    named = {
        (section.lower(), *key.lower().split("__")): path.name
        for path in (*MODULES, *DOCUMENTS)
        for section, key in _VARIABLE.findall(path.read_text("utf-8"))
    }
    named.pop(("section", "key"), None)  # The form itself.
    assert named
    assert {parts: where for parts, where in named.items() if not _is_setting(parts)} == {}


def test_every_key_in_the_table_of_keys_exists() -> None:
    bound = {key_name(key) for bindings in known_bindings().values() for one in bindings for key in one.key.split(",")}
    bound |= {one.key for bindings in known_bindings().values() for one in bindings}
    table = _KEYS_TABLE.search((ROOT / "docs" / "dashboard.md").read_text("utf-8"))
    assert table is not None
    columns = [re.split(r"(?<!\\)\|", row)[1] for row in table[1].splitlines()]
    named = {key for column in columns for key in re.findall(r"`([^`]+)`", column)}
    assert len(named) > 30
    spelled = {"enter": "⏎", "`": "`"}
    digits = set("1234")
    assert {key for key in named - digits if key not in bound and spelled.get(key) not in bound} == set()


@pytest.mark.parametrize("name", ["README.md", "docs/providers.md"])
def test_the_documents_name_each_route_and_sign_in(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    named = set(re.findall(r"(?:`|--route |--provider )([a-z-]+)`", text))
    assert {*ROUTE_OPTIONS, *ACCOUNTS} - named == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    linked = {name for name in _LINK.findall(text) if not (path.parent / name).exists()}
    in_repository = {name for name in _REPOSITORY_FILE.findall(text) if not (ROOT / name).exists()}
    places = default_paths(Path("config.toml"), Path("data"))
    kept = {place.name for place in (places.store, places.log, places.pid, places.token, places.accounts)}
    kept |= {places.vault.name, places.preferences.name, f"{places.log.name}.1"}
    kept |= (
        {unit.name for unit in (ROOT / "deploy").rglob("*")} | TELEMETRY_NAMES | {"candela.service", "candela.plist"}
    )
    of_candela = {name for name in _KEPT_FILE.findall(text) if name not in kept}
    assert linked | in_repository | of_candela == set()
