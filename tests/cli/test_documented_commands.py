"""The documents' commands work: bash runs each `sh` block, in the order of the document, as a reader would paste it.

A block that can't be run here (it installs something, needs an account, or is for another shell) has the reason in a
comment right above it: ``<!-- not run: … -->``. Its commands are parsed, as are those in the text.
"""

import asyncio
import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from candela_tui.cli.main import cli
from candela_tui.config import load
from candela_tui.exchange import ProviderSide
from candela_tui.ui.settings_check import setting_mistakes
from tests.cli import documented_candela
from tests.cli.command import PATIENCE_S, Home
from tests.cli.forked import fork_server
from tests.reports.exchanges import exchange

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), *sorted(set(ROOT.glob("*.md")) - {ROOT / "CHANGELOG.md"})]
"""All but the changelog, which names what was there once."""
LANGUAGES = {"sh", "toml", "json", "text"}

_FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\S*)\n(?P<text>.*?)^```$", re.M | re.S
)
_QUOTED = re.compile(r"`candela((?: [^`\n]*)?)`")
_LINE = re.compile(r"^(?:uv run )?candela((?: [^#\n]*)?)(?:#.*)?$", re.MULTILINE)
_PLACEHOLDERS = re.compile(r"[|\[…]|\b[A-Z]{2,}\b")
"""Marks of a synopsis, such as ``[ARGS…]`` or ``ID``, which is not a command to type."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code in a document."""

    language: str
    text: str
    reason: str | None
    """Why it is not run."""


def _blocks(document: Path) -> list[Block]:
    found = _FENCE.finditer(document.read_text("utf-8"))
    return [Block(one["language"], one["text"], one["reason"]) for one in found]


def _script(document: Path) -> str:
    return "".join(block.text for block in _blocks(document) if block.language == "sh" and block.reason is None)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_says_its_language_and_only_a_shells_is_not_run(document: Path) -> None:
    blocks = _blocks(document)
    assert document.read_text("utf-8").count("```") == 2 * len(blocks)
    assert {block.language for block in blocks} - LANGUAGES == set()
    assert [block.language for block in blocks if block.reason is not None and block.language != "sh"] == []


@pytest.fixture
def reader(home: Home) -> Home:
    """A reader in a project, with Claude Code and an API key, who has used candela before."""
    home.data = home.directory / ".local" / "share" / "candela"
    home.config = home.directory / ".config" / "candela" / "config.toml"
    home.config.parent.mkdir(parents=True)
    base_url = home.environment["CANDELA_ANTHROPIC__BASE_URL"]
    home.config.write_text(f'[proxy]\nport = {home.port}\n\n[anthropic]\nbase_url = "{base_url}"\n')
    home.environment = {name: home.environment[name] for name in ("HOME", "LANG", "TERM")}
    sent = ProviderSide(b'{"messages":[]}', False, [b"{}"], [1.0])
    home.record(exchange(1), exchange(2), request=b'{"messages": []}', response=b"{}", provider=sent)
    home.environment["PATH"] = _path_of(home.directory / "tools", "bash", "sh", "cat", "cp", "curl", "diff", "jq", "rm")
    home.with_programs(claude="exit 0", uv='[ "$1" = run ] && shift && exec "$@"', op="echo sk-ant-api03-from-op")
    candela = home.directory / "bin" / "candela"
    candela.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -IS {documented_candela.__file__} "$@"\n')
    candela.chmod(0o755)
    home.environment |= {
        "ANTHROPIC_API_KEY": "sk-ant-api03-of-the-reader",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "NO_GCE_CHECK": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SHELL": "/bin/bash",
        documented_candela.CHANNEL: str(fork_server().fileno()),
    }
    return home


def _path_of(directory: Path, *names: str) -> str:
    """Return a PATH with these programs alone, so that no cloud's tool of this machine is found."""
    directory.mkdir()
    for name in names:
        program = shutil.which(name)
        if program is None:
            pytest.skip(f"needs {name}")
        (directory / name).symlink_to(program)
    return str(directory)


@pytest.mark.parametrize("document", filter(_script, DOCUMENTS), ids=lambda path: path.name)
async def test_the_commands_of_a_document_work(document: Path, reader: Home) -> None:
    # All places are the default ones; only the port may be taken on this machine.
    script = _script(document).replace(":8181", f":{reader.port}")
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euxo",
        "pipefail",
        "-c",
        script,
        env=reader.environment,
        cwd=reader.directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=[fork_server().fileno()],
    )
    async with asyncio.timeout(3 * PATIENCE_S):
        said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    assert "Traceback" not in said


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_settings_that_a_document_shows_are_valid(document: Path, tmp_path: Path) -> None:
    for number, block in enumerate(block for block in _blocks(document) if block.language == "toml"):
        file = tmp_path / f"{number}.toml"
        file.write_text(block.text)
        assert setting_mistakes(load(file)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_json_that_a_document_shows_is_json(document: Path) -> None:
    for block in _blocks(document):
        if block.language == "json":
            json.loads(block.text)


def _typed(document: Path) -> Iterator[str]:
    """Yield the candela commands that a reader could type as they are."""
    shells = "".join(block.text for block in _blocks(document) if block.language == "sh")
    for words in (*_QUOTED.findall(document.read_text("utf-8")), *_LINE.findall(shells)):
        if not _PLACEHOLDERS.search(re.sub(r'"[^"]*"|\'[^\']*\'', "", words)):
            yield words


def _parse(words: str) -> None:
    """Let click parse a command line, down to the last command, without running it."""
    arguments = shlex.split(words, comments=True)
    end = next((at for at, word in enumerate(arguments) if word in {"|", ">", "<", "&&"}), len(arguments))
    command: click.Command | None = cli
    context = None
    rest = arguments[:end]
    while rest and command is not None:
        context = command.make_context(command.name, list(rest), parent=context)
        if not isinstance(command, click.Group):
            return
        rest = [*context._protected_args, *context.args]
        if not rest:
            return  # A group that does something itself, such as `candela sessions`.
        _, command, rest = command.resolve_command(context, rest)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_can_be_typed_is_parsed_with_its_options(document: Path) -> None:
    wrong = []
    for words in _typed(document):
        try:
            _parse(words)
        except (click.exceptions.Exit, click.MissingParameter):
            pass  # --help and --version print and end. A sentence may name a command without its arguments.
        except (click.ClickException, ValueError) as error:
            wrong.append((words, str(error)))
    assert wrong == []


def test_every_picture_is_shown_and_says_what_it_shows() -> None:
    shown: dict[Path, str] = {}
    for document in DOCUMENTS:
        for words, file in re.findall(r"!\[([^\]]*)\]\((?!https?:)([^)\s]+)\)", document.read_text("utf-8")):
            shown[(document.parent / file).resolve()] = words
    assert set((ROOT / "screenshots").glob("*.svg")) - shown.keys() == set()
    assert [path.name for path, words in shown.items() if len(words) < 20 or not path.exists()] == []


@pytest.mark.parametrize("name", [path.name for path in DOCUMENTS])
def test_links_to_headings_lead_to_one(name: str) -> None:
    document = next(path for path in DOCUMENTS if path.name == name)
    missing = []
    for file, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", document.read_text("utf-8")):
        target = (document.parent / file) if file else document
        if anchor not in _anchors(target):
            missing.append((file, anchor))
    assert missing == []


def _anchors(document: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
