"""A request that went to Bedrock: what the pictures of a mapped exchange show."""

import json

from candela_tui.protocol.adaptation import Adaptation
from tests.ui.scene import Scene, clues, stream
from tests.ui.test_sides import FRAMES, SIGNED, framed, side

_WHY = "left out: Bedrock doesn't know the flag"
_TALK = [{"role": "user", "content": "Why do the clock's tests fail at night?"}]


def a_request_over_bedrock(scene: Scene) -> None:
    """Mapped: its body, its answer and its header fields differ on the two sides."""
    asked = {"model": "claude-opus-4-8", "max_tokens": 32_000, "stream": True, "messages": _TALK}
    sent = {"max_tokens": 32_000, "messages": _TALK, "anthropic_version": "bedrock-2023-05-31"}
    answer = stream("They compare dates that are a time zone apart.")
    scene.request(
        body=json.dumps(asked).encode(),
        answer=answer,
        other_side=side(json.dumps(sent).encode(), framed(answer)),
        usage=(12, 4_096, 1_024, 0, 15),
        session_id="5d0b27c9-clock",
        clues=clues("find out why", "/src/api", "api/clock"),
        model="claude-opus-4-8",
        url="https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-opus-4-8/invoke-with-response-stream",
        provider="bedrock",
        region="us-east-1",
        route="anthropic-bedrock",
        model_sent="us.anthropic.claude-opus-4-8",
        provider_status=200,
        provider_request_headers=SIGNED,
        provider_response_headers=FRAMES,
        adaptations=(
            Adaptation("beta", "prompt-caching-scope-2026-01-05", _WHY),
            Adaptation("field", "cache_control.scope", "left out with its flag"),
            Adaptation("field", "metadata.trace", "left out: Bedrock refused it"),
        ),
        provider_metrics=(("invocationLatency", "1403"), ("firstByteLatency", "402")),
    )
