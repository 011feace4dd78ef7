"""Which project and region to use Claude in on Vertex AI: chosen after a sign-in, kept in config.toml."""

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from typing import Final

from candela_tui.config import change_setting, vertex_project, vertex_region
from candela_tui.config.check import from_environment
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google_account import Project
from candela_tui.credentials.sign_in.provider import Desk
from candela_tui.credentials.sign_in.talk import Abandoned, Choice, Talk

REGIONS: Final[Mapping[str, str]] = {
    "global": "any region, whichever has room; the list price",
    "us": "any region of the United States",
    "eu": "any region of the European Union",
    "us-east5": "Columbus, Ohio",
    "europe-west1": "Belgium",
    "asia-southeast1": "Singapore",
}
"""Where Anthropic's models are offered. Not each model is in each: its card in Model Garden tells.
Source, November 2026: https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude."""

_ANOTHER: Final = "-"
_PROJECT: Final = re.compile(r"[a-z0-9][a-z0-9.:-]{0,62}[a-z0-9]")
_REGION: Final = re.compile(r"[a-z]+(?:-[a-z]+[0-9]+)?")


async def choose_place(
    desk: Desk,
    talk: Talk,
    own: str | None,
    search: Callable[[], list[Project]],
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Ask for project and region, and keep them. ``own`` is the project that the credentials belong to; ``search``
    (it blocks) lists those that they open, or raises CredentialsError. Whoever gives up here, or can't be asked, is
    signed in all the same. Raises ConfigError."""
    try:
        await _choose(desk, talk, own, search, environ)
    except Abandoned:
        await talk.tell(
            "Project and region are as they were: `candela config set vertex.project PROJECT` and "
            "`candela config set vertex.region REGION` set them."
        )


async def _choose(
    desk: Desk, talk: Talk, own: str | None, search: Callable[[], list[Project]], environ: Mapping[str, str]
) -> None:
    known = vertex_project(desk.settings.vertex, environ) or own
    project = await _project(talk, known, search)
    if project and project != desk.settings.vertex.project:
        await _keep(desk, talk, "project", project, environ)
    region = await _region(talk, vertex_region(desk.settings.vertex, environ))
    if region != desk.settings.vertex.region:
        await _keep(desk, talk, "region", region, environ)


async def _project(talk: Talk, known: str | None, search: Callable[[], list[Project]]) -> str:
    try:
        projects = await asyncio.to_thread(search)
    except CredentialsError as error:
        await talk.tell(f"Google does not list your projects: {error}")
        projects = []
    if projects:
        listed = [Choice(project.id, project.id, project.name) for project in projects]
        # A stable sort: the one in use first, the others by name.
        listed.sort(key=lambda choice: choice.id != known)
        if known and listed[0].id != known:
            listed.insert(0, Choice(known, known, "set now; the list of your projects lacks it"))
        another = Choice(_ANOTHER, "Another project", "by its ID")
        chosen = await talk.choose("Google Cloud project", [*listed, another])
        if chosen.id != _ANOTHER:
            return chosen.id
    while True:
        typed = await talk.ask("Google Cloud project ID (empty: set it later)", default=known or "")
        if not typed or _PROJECT.fullmatch(typed):
            return typed
        await talk.tell("That is no project ID: it is lower case, without spaces, such as my-project-123456.")


async def _region(talk: Talk, current: str) -> str:
    choices = [Choice(name, name, about) for name, about in REGIONS.items()]
    if current not in REGIONS:
        choices.append(Choice(current, current, "set now"))
    choices.sort(key=lambda choice: choice.id != current)
    chosen = await talk.choose("Region", [*choices, Choice(_ANOTHER, "Another region", "by its name")])
    if chosen.id != _ANOTHER:
        return chosen.id
    while True:
        typed = await talk.ask("Region", default=current)
        if _REGION.fullmatch(typed):
            return typed
        await talk.tell("That is no region: such are global, us, eu, europe-west4.")


async def _keep(desk: Desk, talk: Talk, name: str, value: str, environ: Mapping[str, str]) -> None:
    key = ("vertex", name)
    await asyncio.to_thread(change_setting, desk.config, key, value)
    await talk.tell(f"[vertex] {name} = {value} is in {desk.config}.")
    for variable, (set_, _) in from_environment(environ).items():
        if set_ == key:
            await talk.tell(f"{variable} is set and wins over it: unset it.")
