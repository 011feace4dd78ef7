"""What the doctor says of Bedrock's Messages endpoint and of Claude Platform on AWS."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from candela_tui.config import Settings
from candela_tui.paths import Paths, default_paths
from candela_tui.protocol.errors import ApiError
from candela_tui.providers.claude_aws.checks import CHECKS as CLAUDE_AWS
from candela_tui.providers.mantle.checks import CHECKS as MANTLE
from candela_tui.providers.package import Answer


@dataclass
class Machine:
    home: Path
    sections: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(self.sections)

    @property
    def paths(self) -> Paths:
        return default_paths(self.home / "config.toml", self.home)


class Client:
    """Counts, or is refused."""

    def __init__(self, error: ApiError | None = None, status: int = 200) -> None:
        self._answer = Answer(status, b"", error)

    async def model(self) -> str:
        return "claude-opus-5-5"

    async def models(self) -> Answer:
        raise AssertionError

    async def count(self, model: str) -> Answer:
        return self._answer


@pytest.fixture
def machine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("sections", "environ", "in_use"),
    [
        ({}, {"AWS_REGION": "us-east-1"}, (False, False)),
        ({"mantle": {"region": "us-east-1"}}, {}, (True, False)),
        ({}, {"CLAUDE_CODE_USE_MANTLE": "1"}, (True, False)),
        ({"claude_aws": {"key_command": "key"}}, {}, (False, True)),
        ({}, {"ANTHROPIC_AWS_WORKSPACE_ID": "wrkspc_1"}, (False, True)),
    ],
)
def test_a_place_that_nobody_set_up_is_left_alone(
    machine: Machine, sections: dict[str, Any], environ: dict[str, str], in_use: tuple[bool, bool]
) -> None:
    machine.sections, machine.environ = sections, environ
    assert (MANTLE.in_use(machine), CLAUDE_AWS.in_use(machine)) == in_use


@pytest.mark.parametrize(
    ("mantle", "model", "state", "words"),
    [
        ({}, "anthropic.claude-opus-5-5", "bad", "no AWS region is known"),
        ({"region": "us-east-1"}, "anthropic.claude-opus-5-5", "ok", "in us-east-1"),
        ({"region": "us-west-1"}, "anthropic.claude-opus-5-5", "bad", "not known to be in us-west-1"),
        ({"region": "us-east-1"}, "us.anthropic.claude-opus-5-5", "warn", "begin with anthropic."),
        (
            {"region": "us-west-1", "base_url": "https://bedrock-runtime.us-west-1.amazonaws.com/anthropic"},
            "us.anthropic.claude-opus-5-5",
            "ok",
            "in us-west-1",
        ),
    ],
)
async def test_region_and_name_of_a_model_at_mantle(
    machine: Machine, mantle: dict[str, str], model: str, state: str, words: str
) -> None:
    machine.sections = {"mantle": mantle}
    assert MANTLE.model is not None
    line = await MANTLE.model(machine, model)
    assert (line.state, words in line.words) == (state, True)


@pytest.mark.parametrize(
    ("claude_aws", "client", "state", "words"),
    [
        ({"region": "us-west-2"}, Client(), "bad", "[claude_aws] workspace"),
        ({"workspace": "wrkspc_1"}, Client(), "bad", "no AWS region is known"),
        ({"workspace": "wrkspc_1", "region": "us-west-2"}, Client(), "ok", "claude-opus-5-5 counts tokens"),
        (
            {"workspace": "wrkspc_1", "region": "us-west-2"},
            Client(ApiError("not_found_error", "Workspace not found"), 404),
            "bad",
            "Workspace not found",
        ),
    ],
)
async def test_workspace_region_and_access_at_claude_on_aws(
    machine: Machine, claude_aws: dict[str, str], client: Client, state: str, words: str
) -> None:
    machine.sections = {"claude_aws": claude_aws}
    line = await CLAUDE_AWS.access(machine, client)
    assert (line.state, words in line.words) == (state, True)
