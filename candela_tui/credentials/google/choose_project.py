"""Choose a Google Cloud project after a sign-in."""

import asyncio
import re
from collections.abc import Callable
from typing import Final

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.account import Project
from candela_tui.credentials.sign_in.prompter import Choice, Prompter

_ANOTHER: Final = "-"
_PROJECT: Final = re.compile(r"[a-z0-9][a-z0-9.:-]{0,62}[a-z0-9]")


async def choose_project(prompter: Prompter, known: str | None, search: Callable[[], list[Project]]) -> str:
    """Ask for the project and return it, or an empty string if the user sets it later. Raises Abandoned.

    ``search`` returns the projects that the credentials can see, or raises CredentialsError; it blocks."""
    try:
        projects = await asyncio.to_thread(search)
    except CredentialsError as error:
        await prompter.tell(f"Google does not list your projects: {error}")
        projects = []
    if projects:
        listed = [Choice(project.id, project.id, project.name) for project in projects]
        # The sort is stable: the current project comes first, the others stay sorted by name.
        listed.sort(key=lambda choice: choice.id != known)
        if known and listed[0].id != known:
            listed.insert(0, Choice(known, known, "set now; the list of your projects lacks it"))
        another = Choice(_ANOTHER, "Another project", "by its ID")
        chosen = await prompter.choose("Google Cloud project", [*listed, another])
        if chosen.id != _ANOTHER:
            return chosen.id
    while True:
        typed = await prompter.ask("Google Cloud project ID (empty: set it later)", default=known or "")
        if not typed or _PROJECT.fullmatch(typed):
            return typed
        await prompter.tell("That is not a project ID: it is lower case, without spaces, such as my-project-123456.")
