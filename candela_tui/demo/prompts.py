"""The fixed parts of the demo client's requests: instructions and tools, in our own words."""

from typing import Any

from candela_tui.demo.story import Story

_INSTRUCTIONS = """\
You are a coding agent that works in the user's terminal, on the user's own files.

# How to work
- Understand before you change: read the code that a change touches and the tests that cover it.
- Reproduce a fault before you explain it, and explain it before you mend it. Mend the cause.
- Keep a change as small as the task allows. Follow the conventions of the code around it.
- Run what the project has for checks after each change, and report the result as it is, also when it is bad.
- Never invent a file, a function, an option or a result. If you did not look, say so.
- Ask when a decision belongs to the user: a new dependency, a public interface, data that could be lost.

# How to answer
- Lead with the outcome. Then what was changed and why, in a few sentences or a short list.
- Write plain Markdown for a terminal. Name places in the code as path:line.
- No praise, no filler, no summary of what the user can see anyway.

# How to use tools
- Read a file before you edit it. Prefer one exact edit to writing a whole file again.
- Call tools that don't depend on each other together.
- Hand broad searches to a sub-agent: it reads much and reports little, which keeps this conversation short.
- Commands run in the project's directory. Never start one that waits for input or doesn't end.
"""

_EXPLORER = """\
You are a sub-agent that searches code. You read and report; you never change a file.

- Search broadly first, then read only the places that matter.
- Report what was asked for with path:line, and say what you did not look at.
- Your last message is all that the caller sees: make it complete and short.
"""

_TITLES = """\
Generate a concise title, in sentence case and at most seven words, for a coding session that begins with the message \
below. Name the task, not the tools. Answer with JSON: {"title": "..."}.
"""


def system_blocks(story: Story, cut_off: str) -> list[dict[str, Any]]:
    """Return the main agent's system prompt, with the environment that Claude Code describes in it."""
    environment = (
        "# Environment\nYou have been invoked in the following environment: \n"
        f" - Primary working directory: {story.cwd}\n - Is a git repository: true\n - Platform: linux\n - Shell: zsh\n"
        f" - The exact model ID is {story.model}.\n - Assistant knowledge cutoff is {cut_off}.\n\n"
        "gitStatus: This is the git status at the start of the conversation.\n\n"
        f"Current branch: {story.branch}\n\nMain branch (you will usually use this for PRs): main\n\n"
        "Status:\n(clean)"
    )
    cached = {"cache_control": cache_mark(story.lifetime)}
    return [
        {"type": "text", "text": "You are a coding agent.", **cached},
        {"type": "text", "text": f"{_INSTRUCTIONS}\n{environment}", **cached},
    ]


def cache_mark(lifetime: str) -> dict[str, str]:
    """Return a cache breakpoint. Five minutes is the default lifetime, so it is not stated."""
    return {"type": "ephemeral"} if lifetime == "5m" else {"type": "ephemeral", "ttl": lifetime}


def reminder(words: str) -> dict[str, str]:
    """Return a message in which the client gives the model information besides the user's words."""
    return {"type": "text", "text": f"<system-reminder>\n{words.strip()}\n</system-reminder>"}


def explorer_blocks(story: Story) -> list[dict[str, Any]]:
    """Return a sub-agent's system prompt."""
    text = f"{_EXPLORER}\n - Primary working directory: {story.cwd}"
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]


def title_blocks() -> list[dict[str, Any]]:
    """Return the system prompt of a title request."""
    return [{"type": "text", "text": _TITLES}]


TITLE_FORMAT = {
    "type": "json_schema",
    "schema": {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    },
}


def _tool(name: str, description: str, required: dict[str, str], optional: dict[str, str]) -> dict[str, Any]:
    fields = {field: _schema(words) for field, words in {**required, **optional}.items()}
    schema = {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}
    return {"name": name, "description": description, "input_schema": schema}


def _schema(words: str) -> dict[str, str]:
    kind, _, description = words.partition(": ")
    return {"type": kind, "description": description}


READING_TOOLS = [
    _tool(
        "Bash",
        "Run a command in the project's shell and return what it prints, both streams together, cut at 30,000 "
        "characters. The working directory stays between calls, the environment does not. A command that takes longer "
        "than its timeout is ended. Quote paths with spaces. Use the other tools to read, search and edit files: their "
        "results are smaller and exact.",
        {"command": "string: The command line", "description": "string: What it does, in five to ten words"},
        {"timeout": "number: Milliseconds, at most 600000", "run_in_background": "boolean: Return at once"},
    ),
    _tool(
        "Glob",
        "Find files whose path matches a pattern such as src/**/*.py, the latest changed first. Returns paths only.",
        {"pattern": "string: The pattern"},
        {"path": "string: The directory to look in, by default the working directory"},
    ),
    _tool(
        "Grep",
        "Search file contents for a regular expression. Respects .gitignore. Returns matching paths, the matching "
        "lines, or counts.",
        {"pattern": "string: The regular expression"},
        {
            "path": "string: A file or directory to search",
            "glob": "string: Only files whose name matches",
            "output_mode": "string: files_with_matches, content or count",
            "-n": "boolean: Show line numbers",
            "-i": "boolean: Ignore case",
            "head_limit": "number: Return no more than so many lines",
        },
    ),
    _tool(
        "Read",
        "Read a file. Lines come with their numbers. Long files come in parts: give offset and limit for the rest. "
        "Pictures and PDFs are shown as what they are.",
        {"file_path": "string: The absolute path"},
        {"offset": "number: The first line", "limit": "number: How many lines"},
    ),
    _tool(
        "WebFetch",
        "Fetch a page and answer a question from it. Read-only; a redirect to another host is reported, not followed.",
        {"url": "string: The address", "prompt": "string: What to find out"},
        {},
    ),
]
"""The tools of a sub-agent that searches."""

ALL_TOOLS = [
    _tool(
        "Agent",
        "Start a sub-agent for a task of several steps and wait for its report. It sees nothing of this conversation, "
        "so say all that it needs: the goal, what is known, and what form the report should have. Start independent "
        "ones together. Types: Explore (reads and searches, fast), Plan (designs a change), general-purpose (all "
        "tools).",
        {
            "description": "string: The task in three to five words",
            "prompt": "string: The whole task",
            "subagent_type": "string: Explore, Plan or general-purpose",
        },
        {"model": "string: Another model than the session's"},
    ),
    *READING_TOOLS,
    _tool(
        "Edit",
        "Replace an exact text in a file that was read before. Fails if the text isn't there, or is there more than "
        "once without replace_all. Keep the indentation exactly.",
        {
            "file_path": "string: The absolute path",
            "old_string": "string: The text to replace",
            "new_string": "string: The text to put there",
        },
        {"replace_all": "boolean: Replace every occurrence"},
    ),
    _tool(
        "TodoWrite",
        "Keep a list of what is to do in a task of three steps or more, and mark each item as you go.",
        {"todos": "array: Items with content and status (pending, in_progress, completed)"},
        {},
    ),
    _tool(
        "Write",
        "Write a whole file, replacing what was there. A file that exists must have been read before.",
        {"file_path": "string: The absolute path", "content": "string: The whole content"},
        {},
    ),
]
"""The tools of the main agent."""
