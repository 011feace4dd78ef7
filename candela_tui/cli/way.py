"""Which way a client is to take through candela, from the options and the settings."""

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from candela_tui.claude_code.installed import version_of_command
from candela_tui.claude_code.models import ANTHROPIC_HOST, HAIKU_VARIABLES, haiku_of
from candela_tui.cli.environment import ROUTES, RouteName, Way

if TYPE_CHECKING:
    from candela_tui.config import AwsSettings, Settings, VertexSettings
    from candela_tui.paths import Paths

Command = TypeVar("Command", bound=Callable[..., Any])


def way_options(command: Command) -> Command:
    """``--route`` and ``--native``."""
    route = click.option(
        "--route",
        type=click.Choice(ROUTES),
        help="Where requests go: Anthropic, Google Vertex AI or AWS Bedrock. Default: proxy.default_route.",
    )
    native = click.option(
        "--native",
        is_flag=True,
        help="Let Claude Code speak the cloud's own protocol, instead of candela mapping the Messages API to it.",
    )
    return route(native(command))


def way_of(
    route: RouteName | None,
    native: bool,
    settings: "Settings",
    paths: "Paths",
    environ: Mapping[str, str],
    command: str = "claude",
) -> Way:
    """Return what the options mean for a command. Ends this one where a native way lacks what the client must be told.
    Blocks."""
    chosen = route or _default(settings)
    if not native:
        if chosen != "direct":
            return Way(chosen)
        return Way(chosen, own_key=_has_own_key(settings, paths), haiku=_haiku(settings, environ, command))
    if chosen == "vertex":
        from candela_tui.config import vertex_region

        project = _vertex_project(settings.vertex, paths, environ)
        return Way(chosen, native=True, region=vertex_region(settings.vertex, environ), project=project)
    if chosen == "bedrock":
        return Way(chosen, native=True, region=_aws_region(settings.aws, paths, environ))
    raise click.UsageError("--native is for the clouds' own protocols: add --route vertex or --route bedrock.")


def _default(settings: "Settings") -> RouteName:
    return next(name for name in ROUTES if settings.proxy.default_route == f"anthropic-{name}")


def _haiku(settings: "Settings", environ: Mapping[str, str], command: str) -> str | None:
    """Return the small model to name to the client; None where the user has decided, where it goes to another host
    than Anthropic's, or where the version of the client is not known."""
    if not settings.anthropic.set_haiku_model or any(environ.get(name) for name in HAIKU_VARIABLES):
        return None
    if urlsplit(settings.anthropic.base_url).hostname != ANTHROPIC_HOST:
        return None
    version = version_of_command(command, environ)
    return haiku_of(version) if version is not None else None


def _has_own_key(settings: "Settings", paths: "Paths") -> bool:
    from candela_tui.credentials.accounts import Accounts
    from candela_tui.credentials.errors import CredentialsError

    try:
        return bool(settings.anthropic.key_command) or Accounts(paths.accounts).of("anthropic") is not None
    except CredentialsError as error:
        raise click.ClickException(str(error)) from None


def _vertex_project(settings: "VertexSettings", paths: "Paths", environ: Mapping[str, str]) -> str:
    from candela_tui.config import vertex_project

    project = vertex_project(settings, environ)
    if project is None:
        project = _asked(_project_of_credentials(settings, paths, environ))
    if project is None:
        raise click.ClickException(
            "No Google Cloud project is known, and the credentials name none. Set one with "
            "`candela config set vertex.project PROJECT`, or in ANTHROPIC_VERTEX_PROJECT_ID."
        )
    return project


def _aws_region(settings: "AwsSettings", paths: "Paths", environ: Mapping[str, str]) -> str:
    from candela_tui.config import aws_region

    region = aws_region(settings, environ) or _asked(_region_of_profile(settings, paths, environ))
    if region is None:
        raise click.ClickException(
            "No AWS region is known, and the profile names none. Set one with "
            "`candela config set aws.region us-east-1`, or in AWS_REGION."
        )
    return region


async def _project_of_credentials(settings: "VertexSettings", paths: "Paths", environ: Mapping[str, str]) -> str | None:
    from candela_tui.credentials.accounts import Accounts
    from candela_tui.credentials.google import GoogleCredentials

    credentials = GoogleCredentials(settings, environ, accounts=Accounts(paths.accounts), vault_file=paths.vault)
    try:
        return await credentials.project()
    finally:
        await credentials.close()


async def _region_of_profile(settings: "AwsSettings", paths: "Paths", environ: Mapping[str, str]) -> str | None:
    from candela_tui.credentials.accounts import Accounts
    from candela_tui.credentials.aws import AwsCredentials

    credentials = AwsCredentials(settings, environ, accounts=Accounts(paths.accounts), vault_file=paths.vault)
    try:
        return await credentials.region()
    finally:
        await credentials.close()


def _asked(question: Coroutine[Any, Any, str | None]) -> str | None:
    import asyncio

    from candela_tui.credentials.errors import CredentialsError

    try:
        return asyncio.run(question)
    except CredentialsError as error:
        raise click.ClickException(str(error)) from None
