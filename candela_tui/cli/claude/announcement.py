"""Tell the user how candela changes the environment of Claude Code."""

import click

from candela_tui.claude_code.models import HAIKU_VARIABLE
from candela_tui.cli.claude.environment import Changes, RouteOptions
from candela_tui.providers.identity import NATIVE_OPTIONS

_CLOUDS = " and ".join(f"--route {option}" for option in NATIVE_OPTIONS)


def say_what_changes(made: Changes, options: RouteOptions, route: str | None) -> None:
    """Print which variables were removed and set that the user may not expect, to standard error."""
    if made.led_past:
        names = ", ".join(made.led_past)
        other = "" if route else f"; use {_CLOUDS} for the clouds"
        click.echo(
            f"candela: removed {names}, which could make Claude Code bypass candela. "
            f"The route is {options.route.option}{other}.",
            err=True,
        )
    if options.haiku is not None:
        click.echo(
            f"candela: set {HAIKU_VARIABLE}={options.haiku}, which Claude Code uses for titles when there is no proxy. "
            "To turn this off: candela config set anthropic.set_haiku_model false",
            err=True,
        )
