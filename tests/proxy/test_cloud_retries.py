"""Errors of the clouds, as the real SDK acts on them: it sends the request again, or it does not."""

from typing import Any

import anthropic

from tests.proxy.running import RunningProxy
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex

ASKED: dict[str, Any] = {
    "model": "claude-opus-4-8",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hi"}],
}


class Impatient(anthropic.AsyncAnthropic):
    """The SDK, without the time that it waits before it sends a request again."""

    def _calculate_retry_timeout(self, *_: Any, **__: Any) -> float:
        return 0


OF_AMAZON = {
    (424, "ModelErrorException"): "message",
    (408, "ModelTimeoutException"): "message",
    (429, "ModelNotReadyException"): "message",
    (400, "ServiceQuotaExceededException"): "message",
    (503, "ServiceUnavailableException"): "message",
    (400, "ValidationException"): "BadRequestError",
    (403, "AccessDeniedException"): "PermissionDeniedError",
    (404, "ResourceNotFoundException"): "NotFoundError",
}
OF_GOOGLE = {
    (499, "CANCELLED"): "message",
    (409, "ABORTED"): "message",
    (503, "UNAVAILABLE"): "message",
    (504, "DEADLINE_EXCEEDED"): "message",
    (429, "RESOURCE_EXHAUSTED"): "message",
    (501, "UNIMPLEMENTED"): "BadRequestError",
    (500, "DATA_LOSS"): "InternalServerError",
    (400, "FAILED_PRECONDITION"): "BadRequestError",
}


async def outcome(sdk: anthropic.AsyncAnthropic) -> str:
    """What the SDK gets, where its first request meets an error and the next one does not."""
    try:
        return (await sdk.messages.create(**ASKED)).type
    except anthropic.APIStatusError as error:
        return type(error).__name__


async def test_amazons_errors_are_tried_again_where_its_documentation_says_so(
    over_bedrock: RunningProxy, bedrock: Bedrock
) -> None:
    base_url = f"{over_bedrock.origin}/proxy/anthropic-bedrock"
    got = {}
    async with Impatient(base_url=base_url, api_key="k", max_retries=1) as sdk:
        for status, name in OF_AMAZON:
            bedrock.answer(bedrock.aws_error(status, name, "Words of Amazon"))
            got[status, name] = await outcome(sdk)
    assert got == OF_AMAZON


async def test_googles_errors_are_tried_again_where_its_documentation_says_so(
    over_vertex: RunningProxy, vertex: Vertex
) -> None:
    base_url = f"{over_vertex.origin}/proxy/anthropic-vertex"
    got = {}
    async with Impatient(base_url=base_url, api_key="k", max_retries=1) as sdk:
        for status, name in OF_GOOGLE:
            vertex.answer(vertex.google_error(status, name, "Words of Google"))
            got[status, name] = await outcome(sdk)
    assert got == OF_GOOGLE
