"""``candela audit``: every change of keys, budgets and rules has an entry."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from candela_tui.audit.actor import own_user
from tests.cli.command import Home
from tests.reports.exchanges import SESSION, exchange


async def entries(home: Home) -> list[dict[str, Any]]:
    ran = await home.run("audit", "--json")
    assert (ran.code, ran.err) == (0, "")
    found: list[dict[str, Any]] = json.loads(ran.out)
    return found


async def test_without_a_change_there_is_no_entry(home: Home) -> None:
    ran = await home.run("audit")

    assert (ran.code, ran.out) == (0, "")
    assert "has no entry" in ran.err


async def test_each_change_of_a_key_has_an_entry_without_its_text(home: Home) -> None:
    ran = await home.run("keys", "create", "--name", "ci", "--budget", "50/month", "--json")
    text = json.loads(ran.out)["key"]
    for words in (["rotate", "ci"], ["disable", "ci"], ["enable", "ci"], ["expire", "ci"], ["revoke", "ci"]):
        assert (await home.run("keys", *words)).code == 0

    found = await entries(home)
    shown = await home.run("audit")

    assert [entry["action"] for entry in found] == [
        f"key.{action}" for action in ("create", "rotate", "disable", "enable", "expire", "revoke")
    ]
    assert {(entry["actor"], entry["via"], entry["subject"]) for entry in found} == {(own_user(), "command", "ci")}
    assert found[0]["before"] is None
    assert found[0]["after"]["budget"] == "50/month"
    assert (found[2]["before"]["state"], found[2]["after"]["state"]) == ("active", "disabled")
    assert text not in json.dumps(found)
    assert "state active → disabled" in " ".join(shown.out.split())


async def test_each_change_of_the_rules_has_an_entry_also_one_by_hand(home: Home) -> None:
    added = await home.run("rules", "add", "budgets", "--name", "month", "--limit-usd", "20")
    assert added.code == 0, added.err
    config: Path = home.config
    config.write_text(config.read_text().replace("20", "30"))
    assert (await home.run("rules", "edit", "budgets", "month", "--limit-usd", "50")).code == 0
    assert (await home.run("config", "set", "keys.required", "true")).code == 0
    assert (await home.run("rules", "override", "month", "--for", "1h", "--why", "release")).code == 0
    assert (await home.run("rules", "override", "month", "--remove")).code == 0
    assert (await home.run("rules", "remove", "budgets", "month")).code == 0

    found = [(entry["via"], entry["action"], entry["subject"]) for entry in await entries(home)]

    assert found == [
        ("command", "rule.add", "budgets month"),
        ("config.toml", "rule.change", "budgets month"),
        ("command", "rule.change", "budgets month"),
        ("command", "rule.add", "keys"),
        ("command", "budget.override", "month"),
        ("command", "budget.override-end", "month"),
        ("command", "rule.remove", "budgets month"),
    ]


async def test_the_log_is_exported_as_csv(home: Home) -> None:
    assert (await home.run("keys", "create", "--name", "ci")).code == 0

    rows = list(csv.DictReader(io.StringIO((await home.run("audit", "--csv", "--since", "1h")).out)))

    assert [(row["number"], row["action"], row["before"]) for row in rows] == [("1", "key.create", "")]
    assert json.loads(rows[0]["after"])["name"] == "ci"


@pytest.fixture
async def asked_by_others(home: Home) -> Home:
    """Requests of another user's key, of one's own, of a key of nobody's, and without one."""
    for name, user in (("hers", ["--user", "ada"]), ("own", ["--user", own_user()]), ("shared", [])):
        assert (await home.run("keys", "create", "--name", name, *user)).code == 0
    said = json.dumps({"messages": [{"role": "user", "content": "a lobster under the reef"}]}).encode()
    home.record(
        *(exchange(number, key=key) for number, key in enumerate(("hers", "own", "shared", None))), request=said
    )
    return home


async def bodies_read(home: Home) -> list[dict[str, Any]]:
    return [entry for entry in await entries(home) if entry["action"] == "body.read"]


@pytest.mark.parametrize(
    "words",
    [
        ["show", "0198-0000", "--raw", "request"],
        ["search", "lobster"],
        ["export", "-o", "said.md"],
        ["export", "-o", "said.har"],
        ["context", "0198-0000"],
    ],
    ids=lambda words: " ".join(words),
)
async def test_a_command_that_gives_out_what_another_user_asked_has_one_entry(
    asked_by_others: Home, words: list[str]
) -> None:
    ran = await asked_by_others.run(*words)
    assert ran.code == 0, ran.err

    [entry] = await bodies_read(asked_by_others)

    assert (entry["actor"], entry["via"], entry["subject"]) == (own_user(), "command", "0198-0000")
    assert entry["after"] == {"key": "hers", "user": "ada", "session_id": SESSION}


@pytest.mark.parametrize(
    "words",
    [
        ["show", "0198-0000"],
        ["show", "0198-0001", "--raw", "request"],
        ["show", "0198-0002", "--raw", "request"],
        ["show", "0198-0003", "--raw", "request"],
        ["search", "crab"],
        ["export", "-o", "sums.csv"],
        ["requests"],
    ],
    ids=lambda words: " ".join(words),
)
async def test_a_command_that_gives_out_nothing_of_others_has_none(asked_by_others: Home, words: list[str]) -> None:
    ran = await asked_by_others.run(*words)
    assert ran.code == 0, ran.err
    assert await bodies_read(asked_by_others) == []


async def test_what_cannot_be_recorded_is_not_given_out(asked_by_others: Home) -> None:
    (asked_by_others.data / "audit.db").write_bytes(b"no database, but longer than one page" * 200)

    ran = await asked_by_others.run("show", "0198-0000", "--raw", "request")

    assert (ran.code, ran.out) == (1, "")
    assert "audit.db" in ran.err
