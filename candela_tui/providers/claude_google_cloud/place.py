"""Choose the project and workspace for Claude on Google Cloud after a sign-in, and store them in config.toml."""

from collections.abc import Mapping
from typing import Final

from candela_tui.config import Settings
from candela_tui.credentials.google.choose_project import PlaceOffer, choose_project, wrong_project
from candela_tui.credentials.google.token import GoogleToken
from candela_tui.credentials.sign_in.interface import CheckLine, SignInContext
from candela_tui.credentials.sign_in.keep_setting import keep_setting
from candela_tui.credentials.sign_in.options import Forms, Option
from candela_tui.credentials.sign_in.prompter import Abandoned, Prompter, until_right
from candela_tui.providers.claude_google_cloud.endpoint import (
    NO_PROJECT,
    NO_WORKSPACE,
    configured_place,
    is_name,
)

SECTION = "claude_google_cloud"


class WorkspacePlace:
    """The project and workspace."""

    options: Final[tuple[Option, ...]] = ("project", "workspace")

    @property
    def forms(self) -> Forms:
        """The forms of their values."""
        return {"project": wrong_project, "workspace": _wrong_workspace}

    async def choose(self, context: SignInContext, prompter: Prompter, offer: PlaceOffer) -> None:
        """Ask for the project and workspace and store them.

        If the user cancels here or can't be asked, the sign-in remains valid."""
        settings = context.settings.claude_google_cloud
        environ = offer.environ
        known = configured_place(settings, environ)
        try:
            project = await choose_project(prompter, known.project or offer.own, offer.search)
            if project and project != settings.project:
                await keep_setting(context, prompter, SECTION, "project", project, environ)
            workspace = await _workspace(prompter, known.workspace or "")
            if workspace and workspace != settings.workspace:
                await keep_setting(context, prompter, SECTION, "workspace", workspace, environ)
        except Abandoned:
            await prompter.tell(
                f"Project and workspace are as they were: `candela config set {SECTION}.project PROJECT` and "
                f"`candela config set {SECTION}.workspace ID` set them."
            )

    def check(self, settings: Settings, token: GoogleToken, environ: Mapping[str, str]) -> tuple[str | None, CheckLine]:
        """Return the project, and a line with the project, location and workspace."""
        place = configured_place(settings.claude_google_cloud, environ)
        project = place.project or token.project or token.quota_project
        if settings.claude_google_cloud.base_url is not None:
            return project, CheckLine("ok", f"sending to {settings.claude_google_cloud.base_url}")
        if project is None:
            return None, CheckLine("bad", NO_PROJECT, f"`candela config set {SECTION}.project PROJECT`")
        if place.workspace is None:
            return project, CheckLine("bad", NO_WORKSPACE, f"`candela config set {SECTION}.workspace ID`")
        return project, CheckLine("ok", f"project {project}, location {place.location}, workspace {place.workspace}")

    def missing(self, settings: Settings, environ: Mapping[str, str], *, project: bool) -> str:
        """Return a text if no workspace or no project is known."""
        section = settings.claude_google_cloud
        place = configured_place(section, environ)
        if section.base_url is not None:
            return ""
        if place.workspace is None:
            return NO_WORKSPACE
        return "" if project or place.project is not None else NO_PROJECT


async def _workspace(prompter: Prompter, known: str) -> str:
    question = "Workspace ID (empty: set it later)"
    return await until_right(
        lambda wrong: prompter.ask(question, option="workspace", default=known, wrong=wrong), _wrong_workspace
    )


def _wrong_workspace(text: str) -> str:
    if not text or is_name(text):
        return ""
    return "That is not the ID of a workspace. It begins with wrkspc_, and is in the Claude Console, below Settings."
