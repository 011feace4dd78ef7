"""Choose a Google Cloud project after a sign-in."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.account import Project
from candela_tui.credentials.sign_in.prompter import Choice, Prompter, until_right

_PROJECT: Final = re.compile(r"[a-z0-9][a-z0-9.:-]{0,62}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class PlaceOffer:
    """What the credentials of a sign-in offer for the choice of the place in Google Cloud."""

    own: str | None
    """The project that they belong to."""
    search: Callable[[], list[Project]]
    """Returns the projects that they can see, or raises CredentialsError. It blocks."""
    environ: Mapping[str, str]


async def choose_project(prompter: Prompter, known: str | None, search: Callable[[], list[Project]]) -> str:
    """Ask for the project and return it, or an empty string if the user sets it later. Raises Abandoned.

    ``search`` returns the projects that the credentials can see, or raises CredentialsError; it blocks."""
    try:
        projects = await asyncio.to_thread(search)
    except CredentialsError as error:
        await prompter.tell(f"Google does not list your projects: {error}")
        projects = []
    listed = [Choice(project.id, project.id, project.name) for project in projects]
    only = listed[0].id if len(listed) == 1 else None
    if only is not None and known in (only, None):
        await prompter.tell(f"Google Cloud project: {only}, the only one of these credentials.")
        return only

    async def ask(wrong: str) -> str:
        default = known or ""
        if not listed:
            question = "Google Cloud project ID (empty: set it later)"
            return await prompter.ask(question, option="project", default=default, wrong=wrong)
        chosen = await prompter.choose(
            "Google Cloud project", listed, option="project", default=default, other="Another project", wrong=wrong
        )
        return chosen.id

    return await until_right(ask, wrong_project)


def wrong_project(text: str) -> str:
    """Return what is wrong with a project ID, or an empty string."""
    if not text or _PROJECT.fullmatch(text):
        return ""
    return "That is not a project ID: it is lower case, without spaces, such as my-project-123456."
