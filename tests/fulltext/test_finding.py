"""What is recorded is found as people type it, once, and where it is."""

import json

import pytest

from candela_tui.fulltext.index import Scope
from candela_tui.fulltext.texts import Part, Place
from candela_tui.text.terminal_safe import terminal_safe
from tests.fulltext.recorded_history import RecordedHistory, call, prompt, result, started, text

CODE = 'def read_request(path): raise ParseError("can\'t read src/api/http_client.py:42") # go to GitHubActions, ok?'


@pytest.mark.parametrize(
    "words",
    [
        "read_request",
        "request",
        "READ_request",
        "ParseError",
        "parseerror",
        "parse",
        "error",
        "githubactions",
        "actions",
        "src/api/http_client.py",
        "http_client.py:42",
        "http_cli",
        "can't read",
        '"can\'t read src/api"',
        "go",
        "ok?",
        "py",
        "42",
        "reques",
        "request raise",
        'raise "def read_request(path)"',
    ],
)
def test_code_is_found_as_people_type_it(history: RecordedHistory, words: str) -> None:
    history.say(CODE)
    history.index_all()

    assert len(history.find(words)) == 1


@pytest.mark.parametrize(
    "words",
    [
        "eques",
        "read_requests",
        "re",
        '"read request"',
        '"an\'t read"',
        '"rais"',
        "path request2",
        '"http_client.py: 42"',
    ],
)
def test_what_is_not_there_is_not_found(history: RecordedHistory, words: str) -> None:
    history.say(CODE)
    history.index_all()

    assert history.find(words) == []


@pytest.mark.parametrize(
    "words", ["失败", "测试", "单元测试", '"测试失败"', "エラー", "한국어", "naïve", "naive", "café"]
)
def test_text_in_any_script_is_found(history: RecordedHistory, words: str) -> None:
    history.say("请修复单元测试失败的问题。このエラーを直して。한국어로 대답해. a naïve café")
    history.index_all()

    assert len(history.find(words)) == 1
    assert history.find("试测") == []


def test_each_kind_of_text_is_found_where_it_is(history: RecordedHistory) -> None:
    first = history.record(
        [prompt("why does the walrus fail")],
        {"type": "thinking", "thinking": "a zebra is likely", "signature": "x"},
        text("look at the giraffe"),
        call("Bash", command="pytest -k pelican", timeout=12345),
    )
    second = history.record(
        [
            prompt("why does the walrus fail"),
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "a zebra is likely", "signature": "x"},
                    text("look at the giraffe"),
                    call("Bash", command="pytest -k pelican", timeout=12345),
                ],
            },
            {"role": "user", "content": [result("1 failed: heron"), text("and the lynx")]},
        ]
    )
    history.index_all()

    found = {word: history.find(word) for word in ("walrus", "zebra", "giraffe", "pelican", "12345", "heron", "lynx")}

    assert {
        word: [(hit.exchange.id, hit.part, hit.tool, hit.place) for hit in hits] for word, hits in found.items()
    } == {
        "walrus": [(first.id, Part.PROMPT, None, Place(1, 0))],
        "zebra": [(first.id, Part.THINKING, None, Place(None, 0))],
        "giraffe": [(first.id, Part.ANSWER, None, Place(None, 1))],
        "pelican": [(first.id, Part.TOOL, "Bash", Place(None, 2))],
        "12345": [(first.id, Part.TOOL, "Bash", Place(None, 2))],
        "heron": [(second.id, Part.RESULT, "Bash", Place(3, 0))],
        "lynx": [(second.id, Part.PROMPT, None, Place(3, 1))],
    }


def test_images_and_files_without_text_are_passed_over(history: RecordedHistory) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "walrus"}}
    scan = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "walrus"}}
    note = {"type": "document", "title": "zebra", "source": {"type": "text", "data": "a heron"}}
    history.record([{"role": "user", "content": [image, scan, note, text("a lynx")]}])
    history.index_all()

    assert history.find("walrus") == []
    assert [history.find(word)[0].place for word in ("heron", "zebra", "lynx")] == [
        Place(1, 2),
        Place(1, 2),
        Place(1, 3),
    ]


def test_two_sessions_that_have_the_same_text_are_both_found(history: RecordedHistory) -> None:
    history.say("the same walrus", session_id="one")
    history.say("the same walrus", session_id="two")
    history.index_all()

    assert {hit.exchange.session_id for hit in history.find("walrus")} == {"one", "two"}


def test_a_search_is_limited_by_time_part_tool_and_filter(history: RecordedHistory) -> None:
    history.say("a walrus", session_id="one")
    history.record([prompt("look")], call("Read", path="walrus.md"), session_id="two", model="claude-haiku-4-5")
    history.index_all()

    def sessions(scope: Scope, matching: str = "") -> list[str | None]:
        return [hit.exchange.session_id for hit in history.find("walrus", scope, matching)]

    assert sorted(map(str, sessions(Scope()))) == ["one", "two"]
    assert sessions(Scope(since=started(2))) == ["two"]
    assert sessions(Scope(part=Part.PROMPT)) == ["one"]
    assert sessions(Scope(tool="read")) == ["two"]
    assert sessions(Scope(tool="Bash")) == []
    assert sessions(Scope(), "model:haiku") == ["two"]
    assert sessions(Scope(), "-model:haiku") == ["one"]


def test_the_text_with_the_most_of_the_words_comes_first(history: RecordedHistory) -> None:
    history.say("walrus " + "and other animals " * 200, session_id="long")
    history.say("walrus, walrus", session_id="short")
    history.index_all()

    assert [hit.exchange.session_id for hit in history.find("walrus")] == ["short", "long"]


def test_a_word_beyond_what_is_ranked_is_found_too(history: RecordedHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("candela_tui.fulltext.finder._RANKED", 2)
    for number in range(5):
        history.say(f"walrus {number}", session_id=str(number))
    history.index_all()

    assert sorted(str(hit.exchange.session_id) for hit in history.find("walrus")) == list("01234")


def test_a_text_of_any_length_is_found_to_its_end(history: RecordedHistory) -> None:
    history.say("filler line\n" * 5_000 + "the last walrus\n" + "x" * 50_000 + " heron")
    history.index_all()

    assert history.snippets("walrus")[0].startswith("…")
    assert len(history.find("heron")) == 1


def test_a_secret_is_neither_found_nor_shown(history: RecordedHistory) -> None:
    secret = "sk-ant-api03-" + "Walrus7" * 8
    filler = "a walrus\n" * 3_000
    history.say(f"{filler}{secret} and {filler}")
    history.index_all()

    assert history.find(secret) == []
    assert history.find('"Walrus7Walrus7"') == []
    assert "sk-ant" not in json.dumps(history.snippets("walrus"))


def test_a_snippet_is_one_line_without_what_a_terminal_acts_on(history: RecordedHistory) -> None:
    history.say("before\n\n  the \x1b[31mwalrus\x1b[0m\tand \u202e\x07reversed")
    history.index_all()

    (hit,) = history.find("walrus")

    assert hit.snippet.text == terminal_safe("before the walrus and \u202e\x07reversed")
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == ["walrus"]


def test_the_answer_of_a_stream_is_found(history: RecordedHistory) -> None:
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a wal"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "rus"}},
        {"type": "message_stop"},
    ]
    stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    history.record_bytes([prompt("hello")], stream.encode(), "text/event-stream")
    history.index_all()

    assert [hit.part for hit in history.find("walrus")] == [Part.ANSWER]
