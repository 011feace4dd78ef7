"""A model's name goes into the URL of a cloud, with candela's credentials, as one segment whatever it is."""

import json
import re

import aiohttp

from tests.proxy.running import RunningProxy
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex

NAMES = [
    *("claude-opus-4-8\r\nX-Injected: 1", "../../v1/x", "claude/../../x", "..", "/", "a?b#c", "claude%2f..%2f..", "\0"),
    *("claude\u2028é中", "a" * 5000, "arn:aws:bedrock:us-east-1:1:x/../../y", "claude-opus-4-8@../x", "", " "),
    *("claude-opus-4-8:streamRawPredict?x=", "http://evil.example/x", "\ud800"),
]
VERTEX = re.compile(r"/v1/projects/[\w-]+/locations/\w+/publishers/anthropic/models/[\w.%@-]+:rawPredict")
BEDROCK = re.compile(r"/model/[\w.%-]+/(invoke|count-tokens)")


async def ask(client: aiohttp.ClientSession, base: str) -> list[int]:
    statuses = []
    for name in NAMES:
        body = json.dumps({"model": name, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]})
        for path in ("/v1/messages", "/v1/messages/count_tokens"):
            async with client.post(base + path, data=body, headers={"anthropic-beta": f"a {name!a},b"}) as answer:
                assert (await answer.json())["type"] == "error"
                statuses.append(answer.status)
    return statuses


def is_clean(target: str, form: re.Pattern[str]) -> bool:
    segments = target.split("/")
    return form.fullmatch(target) is not None and not {".", ".."} & set(segments)


async def test_of_vertex_ai(over_vertex: RunningProxy, vertex: Vertex, client: aiohttp.ClientSession) -> None:
    assert set(await ask(client, f"{over_vertex.origin}/proxy/anthropic-vertex")) <= {400, 404}
    asked = [request for request in vertex.requests if request.target != "/token"]
    assert len(asked) > len(NAMES)
    assert [request.target for request in asked if not is_clean(request.target, VERTEX)] == []
    assert not any(name.lower() == "x-injected" for request in asked for name, _ in request.headers)


async def test_of_bedrock(over_bedrock: RunningProxy, bedrock: Bedrock, client: aiohttp.ClientSession) -> None:
    assert set(await ask(client, f"{over_bedrock.origin}/proxy/anthropic-bedrock")) <= {400, 404}
    assert len(bedrock.requests) > len(NAMES)
    assert [request.target for request in bedrock.requests if not is_clean(request.target, BEDROCK)] == []
    assert not any(name.lower() == "x-injected" for request in bedrock.requests for name, _ in request.headers)
