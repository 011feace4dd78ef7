"""Determine a client's route through candela from the command-line options and the settings."""

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from candela_tui.claude_code.installed import version_of_command
from candela_tui.claude_code.models import ANTHROPIC_HOST, HAIKU_VARIABLES, haiku_of
from candela_tui.claude_code.provider_switches import switch_for
from candela_tui.cli.claude.environment import RouteOptions
from candela_tui.providers.identity import (
    NATIVE_OPTIONS,
    ROUTE_OPTIONS,
    Provider,
    Route,
    RouteName,
    listed,
    route_for,
    route_of,
)

if TYPE_CHECKING:
    from candela_tui.config import AwsSettings, Settings, VertexSettings
    from candela_tui.paths import Paths

Command = TypeVar("Command", bound=Callable[..., Any])


def route_options(command: Command) -> Command:
    """Add the options ``--route`` and ``--native`` to a command."""
    route = click.option(
        "--route",
        type=click.Choice(ROUTE_OPTIONS),
        help="Where requests go: Anthropic (direct), or another provider that runs Claude; chat is Vertex AI, with "
        "OpenAI's chat completions beside the Messages API. Default: proxy.default_route.",
    )
    native = click.option(
        "--native",
        is_flag=True,
        help="Let Claude Code speak the cloud's own protocol, instead of candela mapping the Messages API to it.",
    )
    return route(native(command))


def intercept_option(command: Command) -> Command:
    """Add the option ``--intercept`` to a command."""
    return click.option(
        "--intercept",
        is_flag=True,
        help="Let Claude Code ask for its provider itself, through candela as its HTTPS proxy: it sends just what "
        "it sends without candela.",
    )(command)


def has_own_key(settings: "Settings", paths: "Paths") -> bool:
    """Return whether candela has an API key for Anthropic. Exits with an error if its sign-ins can't be read."""
    from candela_tui.credentials.accounts import Accounts
    from candela_tui.credentials.errors import CredentialsError

    try:
        return bool(settings.anthropic.key_command) or Accounts(paths.accounts).of(Provider.ANTHROPIC) is not None
    except CredentialsError as error:
        raise click.ClickException(str(error)) from None


def resolve_options(
    option: str | None,
    native: bool,
    settings: "Settings",
    paths: "Paths",
    environ: Mapping[str, str],
    command: str = "claude",
) -> RouteOptions:
    """Return the route and its values for a command to run. Blocks.

    Exits with an error if a native route lacks a value that the client needs, such as a region."""
    chosen = option or route_of(settings.proxy.default_route).option
    route = route_for(chosen, native=native)
    if route is None:
        routes = listed(f"--route {name}" for name in NATIVE_OPTIONS)
        raise click.UsageError(f"--native is for the clouds' own protocols: add {routes}.")
    switch = switch_for(route, version_of_command(command, environ))
    if switch is not None:
        return RouteOptions(route, switch=switch, values=_values(route, settings, paths, environ))
    if route.provider is not Provider.ANTHROPIC:
        return RouteOptions(route)
    return RouteOptions(route, own_key=has_own_key(settings, paths), haiku=_haiku(settings, environ, command))


def _values(route: Route, settings: "Settings", paths: "Paths", environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Claude Code requires with the switch to a route's provider, such as a region."""
    if route.name is RouteName.VERTEX_NATIVE:
        from candela_tui.config import vertex_region

        region = vertex_region(settings.vertex, environ)
        project = _vertex_project(settings.vertex, paths, environ)
        return {"CLOUD_ML_REGION": region, "ANTHROPIC_VERTEX_PROJECT_ID": project, **_model_regions(settings)}
    if route.name is RouteName.BEDROCK_NATIVE:
        return {"AWS_REGION": _aws_region(settings.aws, paths, environ)}
    return {}


def _model_regions(settings: "Settings") -> dict[str, str]:
    """Return the variables with which the client sends a model to its own region on Vertex AI."""
    from candela_tui.protocol.clouds.regions import vertex_region_variable

    own = {vertex_region_variable(name): model.vertex_region for name, model in settings.models.items()}
    return {variable: region for variable, region in own.items() if variable and region}


def _haiku(settings: "Settings", environ: Mapping[str, str], command: str) -> str | None:
    """Return the small model to set for the client.

    None if the user has decided otherwise, requests go to a host other than Anthropic's, or the client's version is
    unknown."""
    if not settings.anthropic.set_haiku_model or any(environ.get(name) for name in HAIKU_VARIABLES):
        return None
    if urlsplit(settings.anthropic.base_url).hostname != ANTHROPIC_HOST:
        return None
    version = version_of_command(command, environ)
    return haiku_of(version) if version is not None else None


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
    from candela_tui.providers.vertex.credentials import GoogleCredentials

    credentials = GoogleCredentials(settings, environ, accounts=Accounts(paths.accounts), vault_file=paths.vault)
    try:
        return await credentials.project()
    finally:
        await credentials.close()


async def _region_of_profile(settings: "AwsSettings", paths: "Paths", environ: Mapping[str, str]) -> str | None:
    from candela_tui.credentials.accounts import Accounts
    from candela_tui.providers.bedrock.credentials.aws import AwsCredentials

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
