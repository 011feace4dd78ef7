"""Choose the project and region for Vertex AI after a sign-in, and store them in config.toml."""

import re
from collections.abc import Mapping
from typing import Final

from candela_tui.config import Settings, vertex_project, vertex_region
from candela_tui.credentials.google.choose_project import PlaceOffer, choose_project, wrong_project
from candela_tui.credentials.google.token import GoogleToken
from candela_tui.credentials.sign_in.interface import CheckLine, SignInContext
from candela_tui.credentials.sign_in.keep_setting import keep_setting
from candela_tui.credentials.sign_in.options import Forms, Option
from candela_tui.credentials.sign_in.prompter import Abandoned, Choice, Prompter, until_right

REGIONS: Final[Mapping[str, str]] = {
    "global": "any region, whichever has room; the list price",
    "us": "any region of the United States",
    "eu": "any region of the European Union",
    "us-east5": "Columbus, Ohio; models up to Sonnet 4.6",
    "europe-west1": "Belgium; models up to Sonnet 4.6",
    "asia-southeast1": "Singapore; models up to Sonnet 4.6",
}
"""The regions that offer Anthropic's models. Not every region has every model; a model's card in Model Garden lists
its regions. Source, November 2026:
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude."""

_REGION: Final = re.compile(r"[a-z]+(?:-[a-z]+[0-9]+)?")


class VertexPlace:
    """The project and region for Vertex AI."""

    options: Final[tuple[Option, ...]] = ("project", "region")

    @property
    def forms(self) -> Forms:
        """The forms of their values."""
        return {"project": wrong_project, "region": _wrong_region}

    async def choose(self, context: SignInContext, prompter: Prompter, offer: PlaceOffer) -> None:
        """Ask for the project and region and store them.

        If the user cancels here or can't be asked, the sign-in remains valid."""
        try:
            await _choose(context, prompter, offer)
        except Abandoned:
            await prompter.tell(
                "Project and region are as they were: `candela config set vertex.project PROJECT` and "
                "`candela config set vertex.region REGION` set them."
            )

    def check(self, settings: Settings, token: GoogleToken, environ: Mapping[str, str]) -> tuple[str | None, CheckLine]:
        """Return the project, and a line with the project and region."""
        project = vertex_project(settings.vertex, environ) or token.project or token.quota_project
        if project is None:
            fix = "`candela config set vertex.project PROJECT`"
            return None, CheckLine("bad", "no Google Cloud project is known", fix)
        return project, CheckLine("ok", f"project {project}, region {vertex_region(settings.vertex, environ)}")

    def missing(self, settings: Settings, environ: Mapping[str, str], *, project: bool) -> str:
        """Return a text if no project is known."""
        return "" if project or vertex_project(settings.vertex, environ) else "no Google Cloud project is known"


async def _choose(context: SignInContext, prompter: Prompter, offer: PlaceOffer) -> None:
    environ = offer.environ
    known = vertex_project(context.settings.vertex, environ) or offer.own
    project = await choose_project(prompter, known, offer.search)
    if project and project != context.settings.vertex.project:
        await keep_setting(context, prompter, "vertex", "project", project, environ)
    region = await _region(prompter, vertex_region(context.settings.vertex, environ))
    if region != context.settings.vertex.region:
        await keep_setting(context, prompter, "vertex", "region", region, environ)


async def _region(prompter: Prompter, current: str) -> str:
    choices = [Choice(name, name, about) for name, about in REGIONS.items()]

    async def ask(wrong: str) -> str:
        chosen = await prompter.choose(
            "Region", choices, option="region", default=current, other="Another region", wrong=wrong
        )
        return chosen.id

    return await until_right(ask, _wrong_region)


def _wrong_region(text: str) -> str:
    return "" if _REGION.fullmatch(text) else "That is not a region like global, us, eu or europe-west4."
