"""The options of commands that point a client at candela: which way it goes."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from candela_tui.cli.claude.gateway import gateway_options
from candela_tui.cli.claude.route_options import intercept_option, route_options


@dataclass(frozen=True, slots=True)
class Way:
    """How a client is to reach its provider."""

    route: str | None
    native: bool
    intercept: bool
    gateway: bool
    key: str | None
    """The name of the key for gateway mode."""

    def check(self) -> None:
        """Exit with an error if the options contradict each other."""
        if self.key is not None and not self.gateway:
            raise click.UsageError("--key is for gateway mode: add --gateway.")
        if self.gateway and (self.native or self.intercept):
            raise click.UsageError("Gateway mode is for a base URL: leave out --native and --intercept.")
        if self.intercept and (self.route is not None or self.native):
            raise click.UsageError("--intercept goes where Claude Code itself goes: leave out --route and --native.")


def way_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add all options of a way to a command, which gets them as ``way``."""

    @functools.wraps(command)
    def with_way(
        *args: Any, route: str | None, native: bool, intercept: bool, gateway: bool, key: str | None, **kwargs: Any
    ) -> None:
        command(*args, way=Way(route, native, intercept, gateway, key), **kwargs)

    return route_options(intercept_option(gateway_options(with_way)))
