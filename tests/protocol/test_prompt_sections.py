"""The sections of the texts that Claude Code puts into a prompt, in the forms of 2.1.197 and 2.1.332."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.claude_code.prompt_sections import (
    Section,
    SectionKind,
    reminder_sections,
    system_sections,
    user_sections,
)

SYSTEM = """
You are an interactive agent that helps users.

# Harness
 - Text you output outside of tool use is displayed to the user.

# Memory
```markdown
# not a heading
```

# Environment
 - Platform: linux

# Output Style: Pirate
Talk like a pirate.

# Context management
Older messages are summarized.

gitStatus: This is the git status at the start of the conversation.
"""

IN_A_SYSTEM_MESSAGE = """# Environment
 - Platform: linux

You are powered by the model named Opus 5.5.

# Output Style: Pirate
Talk like a pirate.

The following deferred tools are now available via ToolSearch. Their schemas are NOT loaded.
CronCreate
mcp__harbour__tides

Available agent types for the Agent tool:
- Explore: Read-only search agent. (Tools: *)

# MCP Server Instructions

## harbour
Use it for tides.

The following skills are available for use with the Skill tool:

- tide-table: Reads the tide tables.

Pirate output style is active. Remember to follow the specific guidelines for this style.

Today's date is 2026-11-29."""

FILES = """<system-reminder>
Codebase and user instructions are shown below. Be sure to adhere to these instructions.

Contents of /home/me/.claude/CLAUDE.md (user's private global instructions for all projects):

# Environment
Prefer uv.

Contents of /src/reef/CLAUDE.md (project instructions, checked into the codebase):

Run make check.
# currentDate
Today's date is 2026-11-29.
</system-reminder>
Look at the guide"""


def named(sections: list[Section]) -> list[tuple[str, str]]:
    return [(section.kind.value, section.name) for section in sections]


def test_a_system_prompt_has_a_section_for_each_heading_that_is_not_in_code() -> None:
    sections = list(system_sections(SYSTEM))
    assert named(sections) == [
        ("instructions", "introduction"),
        ("instructions", "Harness"),
        ("instructions", "Memory"),
        ("environment", "environment"),
        ("output_style", "Pirate"),
        ("instructions", "Context management"),
        ("git_status", "git status"),
    ]
    assert "# not a heading" in sections[2].text


def test_a_message_of_role_system_has_the_same_kinds_of_sections() -> None:
    assert named(list(reminder_sections(IN_A_SYSTEM_MESSAGE))) == [
        ("environment", "environment"),
        ("environment", "environment"),
        ("output_style", "Pirate"),
        ("deferred_tools", "names of deferred tools"),
        ("agents", "agents"),
        ("mcp_instructions", "instructions of MCP servers"),
        ("skills", "skills"),
        ("output_style", "Pirate"),
        ("environment", "environment"),
    ]


def test_each_claude_md_file_is_a_section_with_the_headings_in_it() -> None:
    sections = list(user_sections(FILES))
    assert named(sections) == [
        ("memory", "introduction to CLAUDE.md files"),
        ("memory", "/home/me/.claude/CLAUDE.md"),
        ("memory", "/src/reef/CLAUDE.md"),
        ("environment", "environment"),
        ("environment", "environment"),
        ("user", "user"),
    ]
    assert "# Environment\nPrefer uv." in sections[1].text
    assert sections[-1].text == "Look at the guide"


def test_a_file_that_the_user_mentioned_is_one_of_its_own() -> None:
    text = "<system-reminder>\nResult of calling the Read tool:\n1\tbranching corals\n</system-reminder>\n"
    assert named(list(user_sections(text))) == [("attached_file", "attached files")]


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_text_has_no_sections(text: str) -> None:
    assert not [section for section in reminder_sections(text) if section.text.strip()]


@given(st.lists(st.sampled_from([*"#` \nab:", "# Environment\n", "Contents of /a:\n", "# claudeMd\n", "```\n"])))
def test_no_text_is_lost(pieces: list[str]) -> None:
    text = "".join(pieces)
    joined = "".join(section.text for section in system_sections(text))
    assert joined.split() == text.split()
    assert "".join(section.text for section in reminder_sections(text)).split() == text.split()


def test_kinds_are_words_for_json() -> None:
    assert all(kind.value.replace("_", "").isalpha() for kind in SectionKind)
