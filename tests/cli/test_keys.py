"""``candela keys``: make, list and withdraw keys."""

import json

import pytest

from tests.cli.command import Home


async def created(home: Home, *options: str) -> dict[str, object]:
    ran = await home.run("keys", "create", *options, "--json")
    assert (ran.code, ran.err) == (0, "")
    made: dict[str, object] = json.loads(ran.out)
    return made


async def test_a_key_is_shown_once(home: Home) -> None:
    made = await created(
        home,
        *("--name", "ci", "--user", "u", "--project", "p", "--models", "claude-haiku-*"),
        *("--providers", "direct,bedrock", "--budget", "50/month", "--expires", "90d"),
        *("--team", "t", "--alias", "fast=claude-haiku-4-5", "--deny-tool", "WebFetch", "--parallel", "4"),
    )

    text = str(made["key"])
    assert list(made)[:3] == ["id", "key", "prefix"]
    assert text.startswith(str(made["prefix"]))
    shown = [await home.run("keys", *words) for words in (["list"], ["list", "--json"], ["show", "ci"])]
    assert all(ran.code == 0 and text not in ran.out and str(made["prefix"]) in ran.out for ran in shown)
    assert json.loads(shown[1].out)[0] == {name: value for name, value in made.items() if name != "key"}
    assert all(
        word in shown[2].out for word in ("claude-haiku-*", "direct, bedrock", "50/month", "fast = ", "WebFetch")
    )


async def test_without_json_the_text_alone_is_on_standard_output(home: Home) -> None:
    ran = await home.run("keys", "create", "--name", "ci")

    assert ran.out.startswith("ck_live_")
    assert ran.out.count("\n") == 1
    assert "It is shown only now" in ran.err


async def test_a_key_is_disabled_enabled_expired_and_revoked(home: Home) -> None:
    await created(home, "--name", "ci")
    states = []
    for words in (["disable", "ci"], ["enable", "ci"], ["expire", "ci"], ["expire", "ci", "--never"], ["revoke", "ci"]):
        assert (await home.run("keys", *words)).code == 0
        states.append(json.loads((await home.run("keys", "show", "ci", "--json")).out)["state"])

    assert states == ["disabled", "active", "expired", "active", "revoked"]
    assert json.loads((await home.run("keys", "list", "--json")).out) == []
    assert len(json.loads((await home.run("keys", "list", "--all", "--json")).out)) == 1
    for words in (["enable", "ci"], ["rotate", "ci"]):
        ran = await home.run("keys", *words)
        assert (ran.code, "was revoked, for good" in ran.err) == (1, True)


async def test_rotating_gives_another_text_to_the_same_key(home: Home) -> None:
    made = await created(home, "--name", "ci", "--budget", "5/day")

    rotated = json.loads((await home.run("keys", "rotate", "ci", "--json")).out)

    assert rotated["id"] == made["id"]
    assert rotated["key"] != made["key"]
    assert rotated["budget"] == "5/day"
    assert rotated["old_until"] is not None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "nobody"], 1, "There is no key 'nobody'; `candela keys list` lists them."),
        (["create", "--name", "a b"], 2, "'a b' is not a name"),
        (["create", "--name", "ci", "--providers", "openai"], 2, "'openai' is not a provider"),
        (["create", "--name", "ci", "--expires", "2020-01-01"], 1, "has passed"),
        (["expire", "ci", "--in", "soon"], 2, "'soon' is not a time to come"),
        (["expire", "ci", "--in", "1d", "--never"], 2, "contradict each other"),
    ],
)
async def test_a_mistake_says_what_to_do(home: Home, words: list[str], code: int, said: str) -> None:
    ran = await home.run("keys", *words)

    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


async def test_without_keys_it_says_how_to_make_one(home: Home) -> None:
    ran = await home.run("keys", "list")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "There are no keys. Make one: candela keys create --name NAME\n"
