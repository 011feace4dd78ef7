"""The clouds' side of a scenario: their stand-ins check each request, and the scenario answers it as Messages."""

import json
from dataclasses import replace
from pathlib import Path

from candela_tui.protocol.model_ids import model_name
from tests.e2e.scenarios import Respond
from tests.standin import Answer, ReceivedRequest
from tests.standin.aws_messages import WORKSPACE, AwsMessages, ClaudeAws, Mantle
from tests.standin.bedrock import Bedrock
from tests.standin.claude_google_cloud import ClaudeGoogleCloud
from tests.standin.foundry import Foundry
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

    def add_model(self, name: str) -> None:
        """Serve one more model."""
        self.models[name] = {"global"}

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

    def add_model(self, name: str) -> None:
        """Serve one more model."""
        self.models.add(f"anthropic.{name}")

    @property
    def asked(self) -> list[ReceivedRequest]:
        """The requests for messages."""
        return [request for request in self.invocations if not request.path.endswith("/count-tokens")]

    def _answer_to(self, request: ReceivedRequest, model: str, *, stream: bool) -> Answer:
        answer = self._side(_as_messages(request, model, stream=stream))
        return super()._answer_to(request, model, stream=stream) if answer is None else answer


class FoundrySide(Foundry):
    """A Foundry resource, as far as the scenario goes."""

    route = "foundry"

    def __init__(self, side: Respond) -> None:
        super().__init__()
        self._side = side
        self.deployments |= {name: name for name in ("claude-opus-4-8", "claude-haiku-4-5", "claude-haiku-5-5")}

    def settings(self, folder: Path) -> dict[str, str]:
        """The environment of a candela that leads here."""
        [key] = self.keys
        return {"ANTHROPIC_FOUNDRY_API_KEY": key, "CANDELA_FOUNDRY__BASE_URL": self.base_url}

    def _answer_to(self, request: ReceivedRequest) -> Answer:
        return self._side(request) or super()._answer_to(request)


class ClaudeGoogleCloudSide(ClaudeGoogleCloud):
    """A workspace on Google Cloud, as far as the scenario goes."""

    route = "claude-google-cloud"

    def __init__(self, side: Respond) -> None:
        super().__init__()
        self._side = side
        self.models |= {"claude-opus-4-8"}

    def settings(self, folder: Path) -> dict[str, str]:
        """The environment of a candela that leads here."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.service_account(folder)),
            "CANDELA_CLAUDE_GOOGLE_CLOUD__BASE_URL": self.base_url,
        }

    def _answer_to(self, request: ReceivedRequest, path: str) -> Answer:
        return self._side(request) or super()._answer_to(request, path)


class _MessagesSide(AwsMessages):
    """A place at AWS that speaks the Messages API, as far as the scenario goes."""

    def __init__(self, side: Respond) -> None:
        super().__init__()
        self._side = side

    def _answer_to(self, request: ReceivedRequest, model: str, *, stream: bool) -> Answer:
        answer = self._side(replace(request, target="/v1/messages"))
        return super()._answer_to(request, model, stream=stream) if answer is None else answer


class MantleSide(_MessagesSide, Mantle):
    """Bedrock's Messages endpoint, as far as the scenario goes."""

    route = "mantle"
    provider = "mantle"
    model = "anthropic.claude-opus-4-8"

    def settings(self, folder: Path) -> dict[str, str]:
        """The environment of a candela that leads here."""
        return {**self.environment(folder), "CANDELA_MANTLE__BASE_URL": self.base_url}


class ClaudeAwsSide(_MessagesSide, ClaudeAws):
    """Claude Platform on AWS, as far as the scenario goes."""

    route = "claude-aws"
    provider = "claude_aws"
    model = "claude-opus-4-8"

    def settings(self, folder: Path) -> dict[str, str]:
        """The environment of a candela that leads here."""
        place = {"CANDELA_CLAUDE_AWS__BASE_URL": self.base_url, "CANDELA_CLAUDE_AWS__WORKSPACE": WORKSPACE}
        return {**self.environment(folder), **place}
