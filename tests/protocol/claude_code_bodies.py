"""What the real client sent, cut to what candela reads of it. Paths and names are others than those observed."""

from typing import Any

GIT_STATUS = (
    "<system-reminder>\nAs you answer the user's questions, you can use the following context:\n# gitStatus\n"
    "This is the git status at the start of the conversation. Note that this status is a snapshot in time, and will "
    "not update during the conversation.\n\nCurrent branch: feature/reef\n\nMain branch (you will usually use this for "
    "PRs): main\n\nStatus:\n(clean)\n\nRecent commits:\n3dc4ab1 start\n\nClaude Code attached this context "
    "automatically; it isn't part of the user's message.\n</system-reminder>"
)
ATTRIBUTION = (
    "<system-reminder>\nAttribution for git commits and pull requests you create from here on:\n- End git commit "
    "messages with:\nCo-Authored-By: Claude Opus 5.5 <noreply@anthropic.com>\n</system-reminder>\n"
)
ENVIRONMENT = (
    "# Environment\nYou have been invoked in the following environment: \n - Primary working directory: /srv/reef\n"
    " - Is a git repository: true\n - Platform: linux\n - Shell: zsh\n\nYou are powered by the model named {name}. The "
    "exact model ID is {model}. Assistant knowledge cutoff is June 2026."
)
CLAUDE_MD = (
    "<system-reminder>\nAs you answer the user's questions, you can use the following context:\n# claudeMd\n"
    "Contents of /srv/reef/CLAUDE.md:\n\nWorking directory: /somewhere/else\nCurrent branch: not-this-one\n"
    "</system-reminder>\n"
)
CAVEAT = (
    "<local-command-caveat>The command below was run directly in Claude Code, not sent to you as a request, and its "
    "output goes straight to the user.</local-command-caveat>\n"
)
LOCAL_COMMAND = (
    "<command-name>/{name}</command-name>\n            <command-message>{name}</command-message>\n"
    "            <command-args></command-args>\n"
)
PROMPT_COMMAND = (
    "<command-message>init</command-message>\n<command-name>/init</command-name>\n"
    "<command-args>with care</command-args>\n"
)
CONTINUED = (
    "This session is being continued from a previous conversation that ran out of context. The summary below covers "
    "the earlier portion of the conversation.\n\n<system-reminder>\n<tools-used-before-summary>"
    "</tools-used-before-summary>\n</system-reminder>\nA reef was described.\n\nContinue the conversation from where "
    "it left off without asking the user any further questions.\n"
)
SUMMARY_PROMPT = (
    "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.\n\n- Do NOT use Read, Bash, Grep, Glob, Edit, Write, or "
    "ANY other tool.\n- You already have all the context you need in the conversation above.\n\nYour task is to create "
    "a detailed summary of the conversation so far, paying close attention to the user's explicit requests and your "
    "previous actions.\n\nREMINDER: Do NOT call any tools."
)
CLASSIFIER = (
    "You are a security monitor for autonomous AI coding agents.\n\n## Context\n\nThe agent you are monitoring is an "
    "**autonomous coding agent** with shell access, file system access, and API credentials."
)
SIDE_QUESTION = (
    "<system-reminder>This is a side question from the user. You must answer this question directly in a single "
    "response.\n\nSimply answer the question with the information you have.</system-reminder>\n\n"
)


def text(words: str) -> dict[str, Any]:
    """One text block."""
    return {"type": "text", "text": words}


def user(*words: str) -> dict[str, Any]:
    """A message of the user, of these texts."""
    return {"role": "user", "content": [text(each) for each in words]}


def billing(version: str, *, sub_agent: bool = False) -> dict[str, Any]:
    """The block with which the client begins every system prompt."""
    more = " cc_is_subagent=true;" if sub_agent else ""
    return text(f"x-anthropic-billing-header: cc_version={version}.0b8; cc_entrypoint=sdk-cli;{more}")


BASH: dict[str, Any] = {"name": "Bash", "description": "Runs a command", "input_schema": {"type": "object"}}


def opus_of_332(*words: str) -> dict[str, Any]:
    """2.1.332 with claude-opus-5-5: the environment is in a message of role system."""
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 128_000,
        "system": [billing("2.1.332"), text("You are a Claude agent, built on Anthropic's Claude Agent SDK.")],
        "messages": [
            user(GIT_STATUS, ATTRIBUTION, *words),
            {"role": "system", "content": ENVIRONMENT.format(name="Opus 5.5", model="claude-opus-5-5")},
        ],
        "tools": [BASH],
    }


def sonnet_of_332(*words: str) -> dict[str, Any]:
    """2.1.332 with claude-sonnet-4-5: everything is in reminders of the user's message."""
    environment = ENVIRONMENT.format(name="Sonnet 4.5", model="claude-sonnet-4-5")
    reminders = [f"<system-reminder>\n{part}\n</system-reminder>" for part in environment.split("\n\n")]
    return {
        "model": "claude-sonnet-4-5",
        "max_tokens": 32_000,
        "system": [billing("2.1.332"), text("You are a Claude agent, built on Anthropic's Claude Agent SDK.")],
        "messages": [user(*reminders, CLAUDE_MD, GIT_STATUS, ATTRIBUTION, *words)],
        "tools": [BASH],
    }


def opus_of_197(*words: str) -> dict[str, Any]:
    """2.1.197: everything is in the system prompt."""
    environment = ENVIRONMENT.format(name="Opus 4.8 (1M context)", model="claude-opus-4-8[1m]")
    git_status = GIT_STATUS.partition("# gitStatus\n")[2].partition("\n\nClaude Code attached")[0]
    date = "<system-reminder>\n# currentDate\nToday's date is 2026-11-28.\n</system-reminder>\n\n"
    return {
        "model": "claude-opus-4-8",
        "max_tokens": 64_000,
        "system": [billing("2.1.197"), text(f"{environment}\n\ngitStatus: {git_status}")],
        "messages": [user(date, *words), {"role": "system", "content": "Available agent types for the Agent tool:"}],
        "tools": [BASH],
    }
