"""The sessions that the demo plays, read from ``stories/*.toml``: invented projects, prompts, answers, tool results."""

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

import msgspec

Fault = Literal["overloaded", "limited", "breaks"]
"""How a try goes wrong: 529, 429, or a stream that ends in the middle."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the model, and what the tool gives back after ``seconds``."""

    tool: str
    arguments: dict[str, Any]
    result: str = ""
    file: str = ""
    """Instead of ``result``: a module of candela itself, read with line numbers."""
    passed: int = 0
    """In front of ``result``: a line for each of so many tests that passed."""
    seconds: float = 0.6
    agent: list["Step"] = field(default_factory=list)
    """For the Agent tool: what the sub-agent does; its last text is the result."""

    @property
    def output(self) -> str:
        """What the tool gives back."""
        if not self.file:
            passed = (f"tests/test_{number % 37:02}.py::test_{number:04} PASSED" for number in range(self.passed))
            return "\n".join((*passed, self.result)) if self.passed else self.result
        text = (resources.files("candela_tui") / self.file).read_text(encoding="utf-8")
        return "\n".join(f"{number:6d}\t{line}" for number, line in enumerate(text.splitlines(), 1))


@dataclass(frozen=True, slots=True)
class Step:
    """One answer of the model: thinking, text, then tool calls. Without calls it ends the turn."""

    text: str = ""
    thinking: str = ""
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """How its first tries go wrong, in turn."""
    reminder: str = ""
    """What the client adds to the results of the calls."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the user types, and the steps that it takes."""

    text: str
    steps: list[Step] = field(default_factory=list)
    interrupted: bool = False
    """The user stops the first answer; there are no steps then, and the next prompt begins with that answer."""
    picture: bool = False
    """Whether a picture is pasted into it."""


@dataclass(frozen=True, slots=True)
class Story:
    """What one developer does in one Claude Code session."""

    title: str
    cwd: str
    branch: str
    model: str
    prompts: list[Prompt]
    before: list[Prompt] = field(default_factory=list)
    """What happened earlier in a session that is picked up again: part of the conversation from the first request."""
    lifetime: Literal["5m", "1h"] = "1h"
    """How long the main agent asks its prompt cache to live."""
    memory: str = ""
    """The project's instructions, which the client puts before the first prompt."""


def load_stories() -> tuple[Story, ...]:
    """All stories, in the order in which they begin."""
    directory = resources.files("candela_tui.demo") / "stories"
    files = sorted((entry for entry in directory.iterdir() if entry.name.endswith(".toml")), key=lambda e: e.name)
    return tuple(msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Story) for file in files)
