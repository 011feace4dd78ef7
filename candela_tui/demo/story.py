"""The sessions that the demo plays, read from ``stories/*.toml``: invented projects, prompts, answers, tool results."""

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

import msgspec

Fault = Literal["overloaded", "limited", "breaks"]
"""How a try fails: 529, 429, or a stream that ends in the middle."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the model, and the tool's result after ``seconds``."""

    tool: str
    arguments: dict[str, Any]
    result: str = ""
    file: str = ""
    """A module of candela to return with line numbers, instead of ``result``."""
    passed: int = 0
    """The number of passed tests to list before ``result``, one per line."""
    seconds: float = 0.6
    agent: list["Step"] = field(default_factory=list)
    """The steps of the sub-agent, for the Agent tool. Its last text is the result."""

    @property
    def output(self) -> str:
        """Return the tool's result."""
        if not self.file:
            passed = (f"tests/test_{number % 37:02}.py::test_{number:04} PASSED" for number in range(self.passed))
            return "\n".join((*passed, self.result)) if self.passed else self.result
        text = (resources.files("candela_tui") / self.file).read_text(encoding="utf-8")
        return "\n".join(f"{number:6d}\t{line}" for number, line in enumerate(text.splitlines(), 1))


@dataclass(frozen=True, slots=True)
class Step:
    """One answer of the model: thinking, text, then tool calls. An answer without calls ends the turn."""

    text: str = ""
    thinking: str = ""
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """How its first tries fail, in order."""
    reminder: str = ""
    """Text that the client adds to the results of the calls."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The user's input, and the steps that follow it."""

    text: str
    steps: list[Step] = field(default_factory=list)
    interrupted: bool = False
    """Whether the user stops the first answer. There are no steps then; the next prompt begins with that answer."""
    picture: bool = False
    """Whether the user pastes a picture into it."""


@dataclass(frozen=True, slots=True)
class Story:
    """The work of one developer in one Claude Code session."""

    title: str
    cwd: str
    branch: str
    model: str
    prompts: list[Prompt]
    before: list[Prompt] = field(default_factory=list)
    """Earlier prompts of a resumed session, which are part of the conversation from the first request."""
    lifetime: Literal["5m", "1h"] = "1h"
    """The lifetime that the main agent requests for its prompt cache."""
    memory: str = ""
    """The project's instructions, which the client puts before the first prompt."""


def load_stories() -> tuple[Story, ...]:
    """Return all stories, in the order in which they begin."""
    directory = resources.files("candela_tui.demo") / "stories"
    files = sorted((entry for entry in directory.iterdir() if entry.name.endswith(".toml")), key=lambda e: e.name)
    return tuple(msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Story) for file in files)
