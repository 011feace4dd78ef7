"""``candela search``: what was said is found from the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.command import Home, documents, on_a_terminal
from tests.reports.exchanges import SESSION, exchange

CALL = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "pytest"}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "1 flaky \x1b]0;x\x07 test\u202e"}
BODY = json.dumps(
    {
        "messages": [
            {"role": "user", "content": "fix the flaky test in http_client.py"},
            {"role": "assistant", "content": [CALL]},
            {"role": "user", "content": [RESULT]},
        ]
    }
).encode()
SYNTAX = ["AND", "NEAR(a)", "text:flaky", "a*", "^flaky", "'; DROP TABLE", "(", "x\udcff", "{a}"]


@pytest.fixture
def said(home: Home) -> Home:
    """One request with a prompt, a tool call and its result."""
    home.record(exchange(1), request=BODY)
    return home


async def test_hits_as_json_say_where_the_words_are(said: Home) -> None:
    found = await said.run("search", "flaky", "test", "--json")

    assert (found.code, found.err) == (0, "")
    assert documents(found.out) == [
        {
            "id": "0198-0001",
            "session_id": SESSION,
            "started_at": documents((await said.run("requests", "--json")).out)[0]["started_at"],
            "in": part,
            "tool": tool,
            "snippet": snippet,
            "rank": rank,
        }
        for rank, (part, tool, snippet) in enumerate(
            [
                ("result", "Bash", "1 flaky test␦"),
                ("prompt", None, "fix the flaky test in http_client.py"),
            ],
            1,
        )
    ]


async def test_a_deleted_session_is_not_found_once_the_deletion_returned(said: Home) -> None:
    assert len(documents((await said.run("search", "flaky", "--json")).out)) == 2
    assert (await said.run("sessions", "delete", SESSION, "--yes")).code == 0
    assert documents((await said.run("search", "flaky", "--json")).out) == []


async def test_no_hit_is_an_empty_list_and_no_failure(said: Home, tmp_path: Path) -> None:
    found = await said.run("search", "walrus", "--json")
    assert (found.code, json.loads(found.out), found.err) == (0, [], "")
    found = await said.run("search", "walrus")
    assert (found.code, found.out, found.err) == (0, "", "Nothing was found.\n")


async def test_before_anything_is_recorded_nothing_is_found(home: Home) -> None:
    found = await home.run("search", "walrus", "--json")
    assert (found.code, json.loads(found.out)) == (0, [])


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--in", "prompt"), ["prompt"]),
        (("--tool", "bash"), ["result"]),
        (("--filter", "model:haiku"), []),
        (("--since", "2100-01-01"), []),
        (("--limit", "1"), ["result"]),
    ],
)
async def test_a_search_can_be_limited(said: Home, arguments: tuple[str, ...], parts: list[str]) -> None:
    found = await said.run("search", "flaky", "--json", *arguments)
    assert [hit["in"] for hit in documents(found.out)] == parts


@pytest.mark.parametrize(
    ("words", "said_so"),
    [
        ('"flaky', 'The closing " is missing'),
        (" ", "There is nothing to search for"),
        ("=>", "has no word of two letters"),
    ],
)
async def test_a_query_that_cannot_be_searched_for_is_explained(said: Home, words: str, said_so: str) -> None:
    found = await said.run("search", words)
    assert (found.code, said_so in found.err) == (2, True)


@pytest.mark.parametrize("words", SYNTAX)
async def test_no_word_is_an_operator_of_the_index(said: Home, words: str) -> None:
    found = await said.run("search", f"flaky {words}", "--json")
    assert (found.code, found.err) == (0, "")


async def test_on_a_terminal_hits_are_a_table(said: Home) -> None:
    code, out = on_a_terminal(said, "search", '"flaky test"', columns=160)

    assert code == 0
    assert out.split()[:6] == ["ID", "TIME", "SESSION", "IN", "TOOL", "TEXT"]
    assert "fix the flaky test" in out
    assert "\x1b]" not in out


async def test_when_the_search_is_off_it_says_how_to_turn_it_on(said: Home) -> None:
    found = await said.run("search", "flaky", CANDELA_HISTORY__SEARCH="false")
    assert (found.code, "candela config set history.search true" in found.err) == (1, True)


async def test_a_running_candela_indexes_and_deletes_the_index_when_the_search_is_off(said: Home) -> None:
    assert (await said.run("start")).code == 0
    assert (await said.run("search", "flaky", "--json")).code == 0
    assert (await said.run("stop")).code == 0
    assert (said.data / "search.db").exists()

    assert (await said.run("start", CANDELA_HISTORY__SEARCH="false")).code == 0
    assert (await said.run("stop")).code == 0
    assert not (said.data / "search.db").exists()
