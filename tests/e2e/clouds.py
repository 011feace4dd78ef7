"""The clouds' side of a scenario: their stand-ins check each request, and the scenario answers it as Messages."""

import json
from dataclasses import replace
from pathlib import Path

from candela_tui.protocol.model_ids import model_name
from tests.e2e.scenarios import Respond
from tests.standin import Answer, ReceivedRequest
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex


def _as_messages(request: ReceivedRequest, model: str, *, stream: bool) -> ReceivedRequest:
    """What the client asked, as it would have asked Anthropic."""
    name = model_name(model)
    body = {**request.json, "model": f"{name.base}-{name.date}" if name.date else name.base, "stream": stream}
    return replace(request, method="POST", target="/v1/messages", body=json.dumps(body).encode())


class VertexSide(Vertex):
    """Vertex AI, as far as the scenario goes."""

    route = "vertex"

    def __init__(self, side: Respond) -> None:
        super().__init__()
        self._side = side

    def settings(self, folder: Path) -> dict[str, str]:
        """The environment of a candela that leads here."""
        return {**self.environment(folder), "CANDELA_VERTEX__BASE_URL": self.url}

    @property
    def asked(self) -> list[ReceivedRequest]:
        """The requests for messages."""
        return [request for request in self.predictions if "/count-tokens:" not in request.path]

    def _answer_to(self, request: ReceivedRequest, model: str) -> Answer:
        if model != "count-tokens":
            stream = bool(request.json.get("stream"))
            answer = self._side(_as_messages(request, model, stream=stream))
            if answer is not None:
                return answer
        return super()._answer_to(request, model)


class BedrockSide(Bedrock):
    """Bedrock, as far as the scenario goes."""

    route = "bedrock"

    def __init__(self, side: Respond) -> None:
        super().__init__()
        self._side = side

    def settings(self, folder: Path) -> dict[str, str]:
        """The environment of a candela that leads here."""
        return {**self.environment(folder), "CANDELA_AWS__BASE_URL": self.url}

    @property
    def asked(self) -> list[ReceivedRequest]:
        """The requests for messages."""
        return [request for request in self.invocations if not request.path.endswith("/count-tokens")]

    def _answer_to(self, request: ReceivedRequest, model: str, *, stream: bool) -> Answer:
        answer = self._side(_as_messages(request, model, stream=stream))
        return super()._answer_to(request, model, stream=stream) if answer is None else answer
