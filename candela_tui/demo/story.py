"""The sessions that the demo plays, read from ``stories/*.toml``: invented projects, prompts, answers, tool results."""

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call of the model, and what the tool gives back after ``seconds``."""

    tool: str
    arguments: dict[str, Any]
    result: str = ""
    file: str = ""
    """Instead of ``result``: a module of candela itself, read with line numbers."""
    seconds: float = 0.6
    agent: list["Step"] = field(default_factory=list)
    """For the Agent tool: what the sub-agent does; its last text is the result."""

    @property
    def output(self) -> str:
        """What the tool gives back."""
        if not self.file:
            return self.result
        text = (resources.files("candela_tui") / self.file).read_text(encoding="utf-8")
        return "\n".join(f"{number:6d}\t{line}" for number, line in enumerate(text.splitlines(), 1))


@dataclass(frozen=True, slots=True)
class Step:
    """One answer of the model: thinking, text, then tool calls. Without calls it ends the turn."""

    text: str = ""
    thinking: str = ""
    calls: list[Call] = field(default_factory=list)
    overloaded: bool = False
    """The first try is answered with 529."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the user types, and the steps that it takes."""

    text: str
    steps: list[Step]


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


def load_stories() -> tuple[Story, ...]:
    """All stories, in the order in which they begin."""
    directory = resources.files("candela_tui.demo") / "stories"
    files = sorted((entry for entry in directory.iterdir() if entry.name.endswith(".toml")), key=lambda e: e.name)
    return tuple(msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Story) for file in files)
