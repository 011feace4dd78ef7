"""``candela providers``: the providers, what each cloud accepts for a model, and what models refused."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.providers.identity import DIALECT_TITLES, PROVIDERS, ROUTES, Route
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe

if TYPE_CHECKING:
    from candela_tui.providers.survey import Survey
    from candela_tui.wire import Refusal


@click.command()
@click.argument("model", required=False)
@click.option("--forget", "forgets", is_flag=True, help="Forget what MODEL refused, or every model without MODEL.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def providers(invocation: Invocation, model: str | None, forgets: bool, as_json: bool) -> None:
    """List the providers with their routes, whether there are credentials for them, and what their models refused.

    What a model refused is left out of its requests for an hour. With MODEL, show its id on each cloud, what the cloud
    accepts for it, from which source that is, and what the model refused.

    \b
    Examples:
      candela providers
      candela providers claude-opus-5-5
      candela providers --forget claude-opus-5-5
    """
    from candela_tui.cli.commands.auth import surveys
    from candela_tui.cli.process.refusals import forget, remembered
    from candela_tui.cli.terminal.refusals import refusal_lines

    if forgets:
        count = forget(invocation, model)
        by = f" by {terminal_safe(model)}" if model else ""
        click.echo(f"Forgot {count} {'refusal' if count == 1 else 'refusals'}{by}.")
        return
    refused = remembered(invocation, model)
    if model is not None:
        _show(invocation, model, refused, as_json)
        return
    found = surveys(invocation)
    if as_json:
        document = {"providers": [_document(one) for one in found], "refused": msgspec.to_builtins(refused)}
        echo_json(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join([_listed(found), *([""] if refused else []), *refusal_lines(refused, output_width())]))


def _show(invocation: Invocation, model: str, refused: "Sequence[Refusal]", as_json: bool) -> None:
    from candela_tui.cli.terminal.cloud_support import on_clouds, support_document, support_lines
    from candela_tui.cli.terminal.refusals import refusal_lines

    found = asyncio.run(on_clouds(invocation, model))
    if as_json:
        document = {"clouds": support_document(found), "refused": msgspec.to_builtins(refused)}
        echo_json(json.dumps(document, indent=2, ensure_ascii=False))
        return
    nothing = [f"The running candela remembers no refusal by {terminal_safe(model)}."]
    click.echo("\n".join([*support_lines(found, output_width()), *(refusal_lines(refused, output_width()) or nothing)]))


def _listed(found: "Iterable[Survey]") -> str:
    rows = [
        (PROVIDERS[route.provider].short_title, _option(route), route.prefix, one.standing.value, one.words)
        for one in found
        for route in _routes(one)
    ]
    heads = ("PROVIDER", "--route", "BASE URL", "CREDENTIALS", "")
    return table(heads, rows, flexible=4, width=output_width())


def _document(one: "Survey") -> dict[str, Any]:
    info = PROVIDERS[one.sign_in.provider]
    return {
        "provider": info.provider,
        "title": info.title,
        "account": info.account,
        "standing": one.standing.value,
        "credentials": one.words,
        "routes": [
            {
                "route": route.name,
                "option": route.option,
                "native": route.native,
                "path": route.prefix,
                "dialect": DIALECT_TITLES[route.dialect],
            }
            for route in _routes(one)
        ],
    }


def _routes(one: "Survey") -> list[Route]:
    return [route for route in ROUTES if route.provider is one.sign_in.provider]


def _option(route: Route) -> str:
    return f"{route.option} --native" if route.native else route.option
