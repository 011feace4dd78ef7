"""Requests that candela stood between: what the client and what the provider saw, and why they differ."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.advice import advice
from candela_tui.exchange import Difference, Outcome, Recording
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.bedrock.event_stream import FrameDecoder
from candela_tui.protocol.errors import ApiError
from candela_tui.ui.screens.request.headline import served_otherwise
from candela_tui.ui.screens.request.pages.bedrock_frames import FrameReader, frame_name, frame_texts
from tests.standin.event_frames import chunk, corrupted, error, exception, frame
from tests.ui.scene import LIVE, Scene, screen_text, shows, stream, until

ASKED = json.dumps({"model": "claude-opus-4-8", "messages": [{"role": "user", "content": "to Anthropic"}]}).encode()
SENT = json.dumps(
    {"anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": "to Bedrock"}]}
).encode()
FRAMES = (("Content-Type", "application/vnd.amazon.eventstream"), ("x-amzn-RequestId", "4f0e-11"))
SIGNED = (("X-Amz-Date", "20261121T120000Z"), ("Authorization", "[redacted]"))
MAPPED: dict[str, Any] = {
    "provider": "bedrock",
    "region": "us-east-1",
    "route": "anthropic-bedrock",
    "model_sent": "us.anthropic.claude-opus-4-8-v1",
    "provider_status": 200,
    "provider_request_headers": SIGNED,
    "provider_response_headers": FRAMES,
}
NATIVE: dict[str, Any] = {
    "provider": "bedrock",
    "region": "eu-west-1",
    "route": "bedrock",
    "dialect": "bedrock",
    "model": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "model_used": "claude-sonnet-4-5-20250929",
    "response_headers": FRAMES,
    "provider_request_headers": SIGNED,
}


def framed(answer: bytes) -> bytes:
    """The events of a stream in Bedrock's frames."""
    return b"".join(chunk(part.split(b"data: ", 1)[1]) for part in answer.split(b"\n\n") if part)


def side(request: bytes, *chunks: bytes) -> Recording:
    """What crossed towards a provider."""
    recording = Recording(request)
    for number, part in enumerate(chunks):
        recording.add(part, 700.0 + number)
    return recording


async def test_a_key_shows_the_other_side_of_a_raw_tab_and_the_headline_says_which(scene: Scene) -> None:
    scene.request(body=ASKED, answer=stream("Found it."), other_side=side(SENT, framed(stream("Found it."))), **MAPPED)
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await until(pilot, lambda: "s Side" not in screen_text(pilot) and "Timing" in screen_text(pilot))
        await pilot.press("7")
        await shows(pilot, "to Anthropic", "client's side", "s Side")
        await pilot.press("s")
        await shows(pilot, "to Bedrock", "Bedrock's side")
        await pilot.press("8")
        await shows(pilot, "chunk ", "Found it.", "Bedrock's side")
        await pilot.press("s")
        screen = await shows(pilot, "message_start", "Found it.", "client's side")
        assert "chunk " not in screen


async def test_what_passed_untouched_has_one_side(scene: Scene) -> None:
    scene.request(body=ASKED, answer=stream("Found it."))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "7")
        screen = await shows(pilot, "to Anthropic")
        assert "side" not in screen
        assert "Side" not in screen


async def test_a_body_that_the_provider_got_as_it_was_is_said_to_be_the_same(scene: Scene) -> None:
    scene.request(body=SENT, answer=framed(stream("Found it.")), **NATIVE)
    async with scene.opened((80, 24)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "7", "s")
        await shows(pilot, "The provider received the client's bytes unchanged. Press s to see them.")
        await pilot.press("8")
        await shows(pilot, "chunk ", "Found it.")


async def test_what_is_sent_in_the_place_of_what_was_refused_is_shown_as_it_goes_out(scene: Scene) -> None:
    facts = MAPPED | LIVE | {"provider_status": None, "provider_response_headers": ()}
    live = scene.request(ago=2, body=ASKED, other_side=side(b'{"anthropic_beta": ["refused"]}'), **facts)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:58")
        await pilot.press("enter", "7", "s")
        await shows(pilot, "refused")
        recording = scene.feed.recording(live.id)
        assert recording is not None
        recording.provider = side(SENT)
        scene.grow(live)
        await until(pilot, lambda: "to Bedrock" in screen_text(pilot) and "refused" not in screen_text(pilot))


async def test_the_answer_to_a_native_call_of_bedrock_is_read(scene: Scene) -> None:
    scene.request(body=SENT, answer=framed(stream("Found it.", thinking="Hm.")), **NATIVE)
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:00", "sonnet-4-5")
        await pilot.press("enter")
        await shows(pilot, "∴ thinking", "¶ text", "Bedrock's invoke, passed on as it is", "Bedrock · eu-west-1")
        await pilot.press("2")
        await shows(pilot, "to Bedrock")
        await pilot.press("5")
        await shows(pilot, "Found it.", "end_turn")


async def test_a_chat_is_read_from_the_side_that_speaks_messages(scene: Scene) -> None:
    chat = json.dumps({"model": "claude-sonnet-4-5", "messages": [{"role": "system", "content": "Be brief."}]}).encode()
    mapped = json.dumps({"system": "Be brief.", "messages": [{"role": "user", "content": "hello?"}]}).encode()
    facts = MAPPED | {
        "provider": "vertex",
        "route": "anthropic",
        "dialect": "openai",
        "provider_response_headers": (("Content-Type", "text/event-stream"),),
    }
    answer = b'data: {"object":"chat.completion.chunk","choices":[]}\n\ndata: [DONE]\n\n'
    scene.request(body=chat, answer=answer, other_side=side(mapped, stream("Hello!", thinking="Hm.")), **facts)
    async with scene.opened((120, 48)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        await shows(pilot, "∴ thinking", "OpenAI's chat completions, mapped to Vertex AI")
        await pilot.press("2")
        await shows(pilot, "hello?")
        await pilot.press("5")
        await shows(pilot, "Hello!", "end_turn")
        await pilot.press("8")
        await shows(pilot, "chat.completion.chunk", "[DONE]", "client's side")


async def test_the_overview_says_who_ran_the_model_where_and_what_was_changed_for_that(scene: Scene) -> None:
    adaptations = (
        Adaptation("field", "context_management", "left out: Bedrock does not know it"),
        Adaptation("beta", "oauth-2025-04-20", "left out: Bedrock does not know it"),
        Adaptation("retry", "", "Bedrock refused effort-2025-11-24: sent again without it"),
    )
    metrics = (("inputTokenCount", "12"), ("invocationLatency", "3471"), ("firstByteLatency", "812"))
    scene.request(body=ASKED, adaptations=adaptations, provider_metrics=metrics, **MAPPED)
    async with scene.opened((120, 60)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter")
        screen = await shows(pilot, "Provider", "Adapted   3 changes")
        facts = {line[:19].strip(): line[20:].strip() for line in screen.splitlines()}
        assert facts["requested"] == facts["served"] == "claude-opus-4-8"
        assert facts["sent"] == "us.anthropic.claude-opus-4-8-v1" or "us.anthropic.claude-opus-4-8-v1" in screen
        assert facts["client speaks"] == "Messages, mapped to Bedrock"
        assert (facts["provider time"], facts["provider TTFB"]) == ("3.5s", "0.8s")
        assert facts["beta"].startswith("oauth-2025-04-20 · left out")
        assert facts["field"].startswith("context_management · left out")
        assert facts["retried"].startswith("Bedrock refused effort-2025-11-24")
        assert "inputTokenCount" not in screen


async def test_the_headers_of_both_sides_are_shown_where_they_differ(scene: Scene) -> None:
    scene.request(body=ASKED, **MAPPED)
    scene.request(ago=30, body=ASKED)
    async with scene.opened((120, 40)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("g", "enter", "6")
        screen = await shows(pilot, "X-Amz-Date", "x-amzn-RequestId", "x-api-key", "request-id")
        titles = ("Request ", "Request to Bedrock", "Response from Bedrock", "Response to the client")
        places = [screen.index(f" {title}") for title in titles]
        assert places == sorted(places)
        await pilot.press("J")
        await until(pilot, lambda: "Bedrock" not in screen_text(pilot) and " Response" in screen_text(pilot))


async def test_exact_bytes_of_either_side_are_saved(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frames = framed(stream("Found it."))
    scene.request(body=ASKED, answer=stream("Found it."), other_side=side(SENT, frames[:99], frames[99:]), **MAPPED)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        for letter, pattern, wanted in (
            ("R", "*-provider-request.json", SENT),
            ("A", "*-provider-answer.eventstream", frames),
        ):
            await pilot.press("enter", "e")
            await shows(pilot, "the response body from the provider")
            await pilot.press(letter)
            await until(pilot, lambda: list(tmp_path.glob(pattern)))  # noqa: B023
            await shows(pilot, "Saved")
            assert next(tmp_path.glob(pattern)).read_bytes() == wanted
            await pilot.press("escape")
            await shows(pilot, "Sessions")


async def test_the_list_marks_what_a_cloud_answered_and_says_which_where_there_is_room(scene: Scene) -> None:
    scene.request(body=ASKED, **MAPPED)
    scene.request(ago=30, body=ASKED)
    async with scene.opened((120, 30)) as pilot:
        lines = (await shows(pilot, "11:59:00", "11:59:30")).splitlines()
        assert "opus-4-8↗" in next(line for line in lines if "11:59:00" in line)
        assert "↗" not in next(line for line in lines if "11:59:30" in line)
        await pilot.resize_terminal(240, 40)
        await pilot.press("z")
        await shows(pilot, "opus-4-8 · bedrock")


def test_the_remedy_of_a_cloud_is_not_that_of_anthropics_own_login(scene: Scene) -> None:
    failed = {"outcome": Outcome.ERROR, "error": ApiError("authentication_error", "expired"), "status": 401}
    assert "/login" in (advice(scene.make(**failed)) or "")
    assert "/login" not in (advice(scene.make(**MAPPED | failed)) or "")


def test_what_was_served_elsewhere_has_one_name_everywhere(scene: Scene) -> None:
    made = scene.make(differences=(Difference("inference_geo", "us", "global"),))
    assert served_otherwise(made) == "geo global"


def test_an_exception_and_an_error_of_bedrock_are_named() -> None:
    (refused,) = FrameDecoder().feed(exception("throttlingException", "Too many tokens"))
    (broken,) = FrameDecoder().feed(error("internalFailure", "Something broke"))
    assert (frame_name(refused), list(frame_texts(refused))) == (
        "throttlingException",
        [b'{"message": "Too many tokens"}'],
    )
    assert (frame_name(broken), list(frame_texts(broken))) == ("internalFailure", [b"Something broke"])


async def test_frames_that_break_are_told_behind_those_that_are_whole(scene: Scene) -> None:
    broken = chunk(b'{"type":"message_start"}') + corrupted(chunk(b'{"type":"ping"}'))
    scene.request(body=SENT, answer=broken, **NATIVE)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "8")
        await shows(pilot, "message_start", "The rest is not a valid frame")


@given(st.binary(max_size=80), st.dictionaries(st.sampled_from(["bytes", "p", "x"]), st.text(max_size=9)))
def test_any_frame_can_be_shown(payload: bytes, fields: dict[str, str]) -> None:
    for body in (payload, json.dumps(fields).encode()):
        reader = FrameReader()
        (one,) = reader.feed(frame({":event-type": "chunk"}, body))
        assert list(frame_texts(one))
        assert reader.trouble is None
