"""``candela rules``: what rules would have done."""

import json

from tests.cli.command import Home
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


async def test_without_rules_it_says_so(home: Home) -> None:
    home.record(exchange(id="0001"))

    ran = await home.run("rules", "try")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "config.toml has no rules: docs/rules.md says how to write one.\n"


async def test_a_pattern_that_cannot_be_read_is_found_by_config_check(home: Home) -> None:
    home.config.write_text('[[rules.tools]]\ndeny = ["Bash(git push"]\n')

    ran = await home.run("config", "check")

    assert ran.code == 1
    assert "rules.tools" in ran.err
    assert "it is not a tool such as Bash" in ran.err
