"""``candela rules``: rules are listed, added, changed, removed and tried."""

import json
import tomllib
from typing import Any

import aiohttp
import pytest
from click import Context
from click.testing import CliRunner

from candela_tui.cli.commands.rules import rules
from candela_tui.cli.main import cli
from candela_tui.config import rule_kinds
from candela_tui.protocol.claude_code.session_clues import SessionClues
from tests.cli.command import Home
from tests.proxy.running import BODY
from tests.reports.exchanges import exchange
from tests.standin import message, text, tool_use

RULES = """
[rules.models]
deny = ["claude-haiku-*"]

[[rules.tools]]
name = "no pushes"
deny = ["Bash(git push *)"]
action = "answer"

[[rules.tools]]
deny = ["WebSearch"]
action = "strip"
"""


def answer(command: str) -> bytes:
    whole = message(text("I do."), tool_use("Bash", {"command": command}))
    return b"".join(step for step in whole.steps if isinstance(step, bytes))


async def test_it_lists_what_the_rules_would_have_done(home: Home) -> None:
    home.config.write_text(RULES)
    declares = json.dumps({"model": "claude-opus-4-8", "tools": [{"name": "WebSearch"}], "messages": []}).encode()
    home.record(exchange(id="0001", tools_called=("Bash",)), response=answer("cd /srv && git push --force"))
    home.record(exchange(id="0002", tools_called=("Bash",)), response=answer("git status"))
    home.record(exchange(id="0003", model="claude-haiku-4-5"), request=declares)

    ran = await home.run("rules", "try", "--json")

    assert [(each["id"], each["rule"], each["action"], each["words"]) for each in json.loads(ran.out)] == [
        ("0001", "no pushes", "answer", "Bash is denied by Bash(git push *)"),
        ("0003", "rules.models", "refuse", "claude-haiku-4-5 is denied by claude-haiku-*"),
        ("0003", "rules.tools 2", "strip", "WebSearch is denied by WebSearch"),
    ]
    listed = (await home.run("rules", "try")).out
    assert "no pushes" in listed
    assert "--force" not in listed


async def test_it_knows_agents_sessions_and_directories_as_live_traffic_does(home: Home) -> None:
    home.config.write_text(
        """
[rules.models]
aliases = { fast = "claude-haiku-4-5-20251001" }
by_agent = { Explore = "fast" }

[[rules.tools]]
name = "no tools"
deny = ["Bash"]
match = "agent:Explore project:/work/api session:reef"
"""
    )
    calls: dict[str, Any] = {"tools_called": ("Bash",)}
    home.record(exchange(id="0001", clues=SessionClues("The reef", "/work/api"), **calls), response=answer("ls"))
    home.record(exchange(id="0002", clues=None, agent_id="a1", agent_type="Explore", **calls), response=answer("ls"))
    home.record(exchange(id="0003", clues=None, agent_id="a2", agent_type="Plan", **calls), response=answer("ls"))
    home.record(exchange(id="0004", clues=None, session_id="s2", agent_id="a3", agent_type="Explore", **calls))
    home.record(exchange(id="0005", clues=None, session_id="s2", model="fast"))

    ran = await home.run("rules", "try", "--json")

    model = exchange(id="").model
    explore = f"claude-haiku-4-5-20251001 in place of {model}, for Explore"
    assert [(each["id"], each["rule"], each["words"]) for each in json.loads(ran.out)] == [
        ("0002", "rules.models", explore),
        ("0002", "no tools", "Bash is denied by Bash"),
        ("0004", "rules.models", explore),
        ("0005", "rules.models", "claude-haiku-4-5-20251001 in place of fast, which is its alias"),
    ]


async def test_without_rules_it_says_so(home: Home) -> None:
    home.record(exchange(id="0001"))

    ran = await home.run("rules", "try")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("config.toml has no rules: `candela rules add --help` lists the kinds")


async def test_a_pattern_that_cannot_be_read_is_found_by_config_check(home: Home) -> None:
    home.config.write_text('[[rules.tools]]\ndeny = ["Bash(git push"]\n')

    ran = await home.run("config", "check")

    assert ran.code == 1
    assert "rules.tools" in ran.err
    assert "it is not a tool such as Bash" in ran.err


def written(home: Home) -> Any:
    return tomllib.loads(home.config.read_text())["rules"]


async def test_a_rule_is_added_listed_changed_and_removed_and_the_file_stays_as_it_is_written(home: Home) -> None:
    mine = "# mine\n[proxy]\nmax_body_mb = 16 # why\n\n# about the screen\n[ui]\ndensity = 'compact'\n# end\n"
    home.config.write_text(mine)

    added = await home.run(
        "rules", "add", "tools", "--name", "no pushes", "--deny", "Bash(git push *)", "--deny", "Bash(gh *)"
    )
    assert (added.code, added.err) == (0, "")
    assert added.out == f"Added 'no pushes' in {home.config}.\n"
    assert written(home) == {"tools": [{"name": "no pushes", "deny": ["Bash(git push *)", "Bash(gh *)"]}]}
    [record] = json.loads((await home.run("rules", "list", "--json")).out)
    assert record == {"kind": "tools", "name": "no pushes", "keys": written(home)["tools"][0]}
    assert "no pushes" in (await home.run("rules", "list")).out

    await home.run("rules", "edit", "tools", "no pushes", "--deny", "Bash(git *)", "--action", "answer", "--dry-run")
    changed = {"name": "no pushes", "deny": ["Bash(git *)"], "action": "answer", "dry_run": True}
    assert written(home)["tools"] == [changed]
    await home.run("rules", "edit", "tools", "1", "--no-dry-run", "--unset", "action", "--name", "no git")
    assert written(home)["tools"] == [{"name": "no git", "deny": ["Bash(git *)"], "dry_run": False}]

    removed = await home.run("rules", "remove", "tools", "no git")
    assert removed.out == f"Removed 'no git' in {home.config}.\n"
    assert home.config.read_text() == mine


async def test_what_is_added_to_a_section_joins_its_lists(home: Home) -> None:
    await home.run("rules", "add", "models", "--deny", "claude-opus-*")
    await home.run("rules", "add", "models", "--deny", "claude-opus-*", "--deny", "claude-fable-*")
    assert written(home)["models"] == {"deny": ["claude-opus-*", "claude-fable-*"]}
    await home.run("rules", "edit", "models", "--deny", "x")
    assert written(home)["models"] == {"deny": ["x"]}
    assert home.config.read_text() == '[rules.models]\ndeny = ["x"]\n'
    await home.run("rules", "remove", "models")
    assert home.config.read_text().strip() == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "tools", "--deny", "Bash(git push"), "rules.tools.1.deny.0: 'Bash(git push' can't be used"),
        (("add", "tools", "--name", "no pushes", "--deny", "Read"), "named 'no pushes' already"),
        (("add", "tools"), "--deny"),
        (("add", "models"), "Say what the rule is, such as --deny"),
        (("edit", "tools", "no pushes"), "Say what to change"),
        (("edit", "tools", "nothing", "--dry-run"), "named 'nothing'; there is 'no pushes'"),
        (("edit", "tools", "no pushes", "--unset", "deny"), "rules.tools.0.deny is missing"),
        (("remove", "tools", "2"), "named '2'; there is 'no pushes'"),
        (("remove", "models"), "there is no [rules.models]"),
    ],
    ids=" ".join,
)
async def test_what_is_wrong_is_said_and_nothing_is_written(home: Home, arguments: tuple[str, ...], words: str) -> None:
    before = '[[rules.tools]]\nname = "no pushes"\ndeny = ["Bash(git push *)"]\n'
    home.config.write_text(before)
    ran = CliRunner().invoke(cli, ["--config", str(home.config), "--data-dir", str(home.data), "rules", *arguments])
    assert ran.exit_code != 0
    assert words in ran.output
    assert home.config.read_text() == before


def test_each_kind_of_the_settings_can_be_added_changed_and_removed_with_an_option_for_each_key() -> None:
    for name in ("add", "edit", "remove"):
        group = rules.commands[name]
        context = Context(group)
        assert group.list_commands(context) == [kind.name for kind in rule_kinds()]  # type: ignore[attr-defined]
        for kind in rule_kinds():
            command = group.get_command(context, kind.name)  # type: ignore[attr-defined]
            options = {option for each in command.params for option in each.opts}
            keys = {f"--{field.name.replace('_', '-')}" for field in kind.fields} if name != "remove" else set()
            assert options >= keys
            assert "--help" in command.get_help(context)


async def test_a_running_candela_follows_a_rule_without_a_restart(home: Home) -> None:
    await home.run("start")
    url = f"http://127.0.0.1:{home.port}/v1/messages"

    async def status() -> int:
        async with aiohttp.ClientSession() as client, client.post(url, data=BODY) as answer:
            return answer.status

    assert await status() == 200
    added = await home.run("rules", "add", "models", "--deny", "claude-opus-*")
    assert added.out.endswith(f"The candela on 127.0.0.1:{home.port} follows it from now on.\n")
    assert await status() == 402
    await home.run("rules", "remove", "models")
    assert await status() == 200


async def test_a_candela_with_another_file_is_named(home: Home) -> None:
    await home.run("start")
    other = home.directory / "other.toml"
    added = await home.run("--config", str(other), "rules", "add", "models", "--deny", "claude-opus-*")
    assert f"follows the rules in {home.config}, not those in {other}" in added.err
