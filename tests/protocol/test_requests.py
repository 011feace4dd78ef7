"""What a request asks for, and what it tells about its session."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.claude_code.session_clues import SessionClues, session_clues, title_in_answer
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.parsed_request import kind_of
from candela_tui.protocol.request import MessagesRequest, decode_request, session_in_metadata

SESSION = "869828e9-3c12-4490-889b-1d6433b8a460"
ENVIRONMENT = """
You are an interactive agent that helps users with software engineering tasks.

# Environment
You have been invoked in the following environment:
 - Primary working directory: /home/ada/analytical engine
 - Is a git repository: true
 - You are powered by the model named Opus 4.8 (1M context). The exact model ID is claude-opus-4-8[1m].
 - The most recent Claude models are the Claude 5 family.

gitStatus: This is the git status at the start of the conversation.

Current branch: feature/notes

Main branch (you will usually use this for PRs): main
"""
BODY: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "max_tokens": 64000,
    "stream": True,
    "speed": "fast",
    "service_tier": "standard_only",
    "inference_geo": "us",
    "metadata": {"user_id": json.dumps({"device_id": "d", "account_uuid": "", "session_id": SESSION})},
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197.123; cc_entrypoint=sdk-cli;"},
        {"type": "text", "text": ENVIRONMENT, "cache_control": {"type": "ephemeral"}},
    ],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "<system-reminder>\nToday's date is 2026-11-21.\n</system-reminder>\n\n"},
                {"type": "text", "text": "Write the\n notes"},
            ],
        },
        {"role": "system", "content": "Available agent types"},
    ],
    "tools": [{"name": "Bash", "description": "Runs a command", "input_schema": {"type": "object"}}],
}


def request(**changes: Any) -> MessagesRequest:
    decoded = decode_request(json.dumps({**BODY, **changes}).encode())
    assert decoded is not None
    return decoded


def test_a_request_says_what_it_asks_for():
    asked = request()
    assert (asked.model, asked.stream) == ("claude-opus-4-8", True)
    assert (asked.speed, asked.service_tier, asked.inference_geo) == ("fast", "standard_only", "us")
    assert [json.loads(bytes(message))["role"] for message in asked.messages] == ["user", "system"]
    assert json.loads(bytes(asked.tools[0]))["name"] == "Bash"
    assert asked.system_blocks() == BODY["system"]


def test_a_system_prompt_that_is_one_string_is_one_block():
    assert request(system="Be kind").system_blocks() == [{"type": "text", "text": "Be kind"}]


WRONG = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({}) | st.just([{"a": [1]}])
)


@given(field=st.sampled_from(sorted(BODY)), wrong=WRONG)
def test_a_field_of_the_wrong_type_costs_only_itself(field, wrong):
    asked = request(**{field: wrong})
    if field != "model":
        assert asked.model == "claude-opus-4-8"
    if field != "messages":
        assert len(asked.messages) == 2
    if field != "stream":
        assert asked.stream
    assert isinstance(session_clues(asked), SessionClues)
    assert kind_of("POST", "/v1/messages", asked) is Kind.MESSAGES
    session_in_metadata(asked)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"x"', b"{", b'{"model": "m"', b"\xff", b'{"model": "m", "messages": ' + b"[" * 100_000],
    ids=repr,
)
def test_a_body_that_is_no_request_is_none(body):
    assert decode_request(body) is None


@given(st.binary() | st.binary().map(lambda junk: b'{"model":"m","x":' + junk + b"}"))
def test_no_body_fails_to_be_looked_at(body):
    asked = decode_request(body)
    if asked is not None:
        session_clues(asked)
        session_in_metadata(asked)


class TestTheSession:
    def test_is_named_by_the_clients_metadata(self):
        assert session_in_metadata(request()) == SESSION

    @pytest.mark.parametrize(
        ("metadata", "session"),
        [
            ({"user_id": f"user_0ab_account__session_{SESSION}"}, SESSION),
            ({"user_id": "somebody"}, None),
            ({"user_id": '{"device_id": "d"}'}, None),
            ({"user_id": ""}, None),
            ({"user_id": 5}, None),
            ({}, None),
            (None, None),
            ("x", None),
        ],
    )
    def test_is_not_named_by_the_metadata_of_other_clients(self, metadata, session):
        assert session_in_metadata(request(metadata=metadata)) == session

    def test_is_told_by_the_first_words_of_the_user_and_the_environment_block(self):
        assert session_clues(request()) == SessionClues(
            "Write the notes", "/home/ada/analytical engine", "feature/notes", "claude-opus-4-8[1m]"
        )

    def test_is_told_by_what_there_is(self):
        assert session_clues(request(system=None, messages=[])) == SessionClues(None, None, None, None)

    def test_knows_its_model_also_at_the_end_of_a_sentence(self):
        clues = session_clues(request(system="The exact model ID is claude-haiku-4-5-20251001.\nYou are kind."))
        assert clues.model == "claude-haiku-4-5-20251001"

    def test_knows_the_environment_block_of_older_clients(self):
        system = "<env>\nWorking directory: /srv/app\nIs directory a git repo: No\n</env>"
        assert session_clues(request(system=system)).cwd == "/srv/app"

    @pytest.mark.parametrize(
        ("content", "title"),
        [
            ("Fix it", "Fix it"),
            ("<system-reminder>a</system-reminder>Fix <b>it</b><system-reminder>b", "Fix <b>it</b>"),
            ("x" * 300, "x" * 199 + "…"),
            (
                "<command-message>init is running</command-message>\n<command-name>/init</command-name>\n"
                "<command-args>fast</command-args>",
                "/init fast",
            ),
            ("<local-command-caveat>Caveat</local-command-caveat>", None),
            (
                [{"type": "image", "source": {"data": "aGk="}}, {"type": "text", "text": "What is this?"}],
                "What is this?",
            ),
            ([{"type": "tool_result", "content": "ok"}], None),
            (5, None),
        ],
    )
    def test_has_what_the_user_wrote_as_its_first_words(self, content, title):
        assert session_clues(request(messages=[{"role": "user", "content": content}])).title == title

    @pytest.mark.parametrize("padding", range(14))
    def test_has_first_words_also_of_a_huge_first_message(self, padding):
        content = [{"type": "text", "text": "Look: " + "." * padding + "😀" * 30_000 + " ".join("ab" * 500_000)}]
        title = session_clues(request(messages=[{"role": "user", "content": content}])).title
        assert title is not None
        assert title.startswith("Look: " + "." * padding + "😀😀")


class TestTheKindOfARequest:
    @pytest.mark.parametrize(
        ("method", "path", "kind"),
        [
            ("HEAD", "/", Kind.PROBE),
            ("POST", "/v1/messages", Kind.MESSAGES),
            ("GET", "/v1/messages", Kind.OTHER),
            ("POST", "/v1/messages/count_tokens", Kind.COUNT_TOKENS),
            ("GET", "/v1/models", Kind.MODELS),
            ("GET", "/v1/models/claude-opus-4-8", Kind.MODELS),
            ("GET", "/v1/files", Kind.OTHER),
            ("POST", "/v1/messages/batches", Kind.OTHER),
        ],
    )
    def test_is_told_by_method_and_path(self, method, path, kind):
        assert kind_of(method, path, request()) is kind
        assert kind_of(method, path, None) is kind

    @staticmethod
    def title_request(properties: dict[str, Any], **more: Any) -> MessagesRequest:
        schema = {"type": "object", "properties": properties, "required": list(properties)}
        return request(
            messages=[{"role": "user", "content": "<session>\nWrite the notes\n</session>"}],
            output_config={"format": {"type": "json_schema", "schema": schema}},
            **{"tools": [], **more},
        )

    def test_is_a_title_where_the_client_asks_for_the_sessions_title(self):
        assert kind_of("POST", "/v1/messages", self.title_request({"title": {"type": "string"}})) is Kind.TITLE

    @pytest.mark.parametrize("content", [".", "quota", "test", [{"type": "text", "text": "Hi"}]])
    def test_is_a_probe_where_the_client_only_tries_whether_it_is_let(self, content):
        asked = [{"role": "user", "content": content}]
        assert kind_of("POST", "/v1/messages", request(messages=asked, max_tokens=1)) is Kind.PROBE
        assert kind_of("POST", "/v1/messages", request(messages=asked, max_tokens=2)) is Kind.MESSAGES
        assert kind_of("POST", "/v1/messages", request(max_tokens=1)) is Kind.MESSAGES

    def test_is_no_title_where_another_program_asks_for_something_with_a_title(self):
        book = self.title_request({"title": {"type": "string"}, "isbn": {"type": "string"}})
        assert kind_of("POST", "/v1/messages", book) is Kind.MESSAGES
        agent = self.title_request({"title": {"type": "string"}}, tools=BODY["tools"])
        assert kind_of("POST", "/v1/messages", agent) is Kind.MESSAGES


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('{"title": "Fix login\\n button"}', "Fix login button"),
        ('{"title": ""}', None),
        ('{"title": 5}', None),
        ('{"name": "x"}', None),
        ("Fix login", None),
        ("[]", None),
        ("\ud83d", None),
    ],
)
def test_the_title_is_read_from_the_answer(text, title):
    assert title_in_answer(text) == title


@pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00"])
def test_a_text_cut_in_the_middle_of_an_emoji_costs_only_that_character(half: str) -> None:
    body = f'{{"model": "m", "messages": ["cut {half}", "whole \\ud83d\\ude00", "said \\\\ud83d"]}}'.encode()
    request = decode_request(body)
    assert request is not None
    assert [json.loads(bytes(raw)) for raw in request.messages] == ["cut \ufffd", "whole 😀", "said \\ud83d"]
