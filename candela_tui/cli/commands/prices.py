"""``candela prices``: show the prices that are known, and fetch newer ones."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from candela_tui import price_data
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.config import ProxySettings
from candela_tui.listed_prices import ListedPrice, listed_prices, of_model
from candela_tui.network.tls import tls_context
from candela_tui.price_data import Origin, UnusableData
from candela_tui.pricing import price_settings
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import utc_now

_TIMEOUT_S = 30.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _ShowByDefault(click.Group):
    """A group whose command ``show`` may be left out: ``candela prices MODEL``."""

    default = "show"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of arguments that name no command."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ShowByDefault)
def prices() -> None:
    """Show the prices that are known, or those of one model, and fetch newer ones.

    \b
    Examples:
      candela prices                    all, in USD per million tokens
      candela prices claude-opus-5-5    of one model, at every provider
      candela prices update             fetch the newest data of genai-prices
    """


@prices.command()
@click.argument("model", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def show(invocation: Invocation, model: str | None, as_json: bool) -> None:
    """Show the prices that are known, with their dates, tiers and source. A part of a model's name is enough."""
    rows = listed_prices(invocation.settings().pricing)
    origin = price_data.loaded()[1]
    if model is not None:
        rows = of_model(rows, model)
        if not rows:
            lines = "".join(f"\n  {terminal_safe(line)}" for line in price_settings(model))
            raise click.ClickException(
                f"No price is known for {terminal_safe(model)}. `candela prices update` fetches newer data. To set one "
                f"yourself, add to config.toml:{lines}"
            )
    if as_json:
        echo_json(json_text({"price_data": _origin_record(origin), "prices": [_record(row) for row in rows]}))
        return
    heads = ("MODEL", "LIST", "FROM", "UNTIL", "WHEN", "INPUT", "READ", "WRITE 5M", "WRITE 1H", "OUTPUT")
    click.echo(table(heads, [_cells(row) for row in rows], flexible=0, right=range(5, 10), width=output_width()))
    click.echo(f"\nUSD per million tokens. Data: {origin.version}, from {terminal_safe(origin.source)}.", err=True)
    for source in dict.fromkeys(page for row in rows for page in row.sources):
        click.echo(f"  {terminal_safe(source)}", err=True)
    if origin.ignored is not None:
        click.echo(f"Warning: {terminal_safe(origin.ignored)}", err=True)


@prices.command()
@click.option(
    "--from",
    "source",
    default=price_data.UPDATE_URL,
    metavar="URL|FILE",
    help="Where to get the data, such as a file on a machine without internet. Default: genai-prices on GitHub.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def update(invocation: Invocation, source: str, as_json: bool) -> None:
    """Fetch the newest price data of genai-prices, check it, and use it from now on.

    It is kept in the data directory, and counts until a candela with newer data is installed. Recorded costs stay as
    they are; `candela reprice` calculates them again.
    """
    settings = invocation.settings()
    invocation.data_directory()
    before = listed_prices(settings.pricing)
    try:
        data = price_data.checked(_read(source, settings.proxy))
    except UnusableData as error:
        raise click.ClickException(
            f"The data of {terminal_safe(source)} is not used. {terminal_safe(str(error))}"
        ) from None
    try:
        version = price_data.write(invocation.paths.prices, data, source, utc_now())
    except OSError as error:
        raise click.ClickException(f"{invocation.paths.prices}: can't be written: {error.strerror}") from None
    added, removed = _compared(before, listed_prices(settings.pricing))
    if as_json:
        document = {"price_data": version, "added": [*map(_record, added)], "removed": [*map(_record, removed)]}
        echo_json(json_text(document))
        return
    for sign, rows in (("-", removed), ("+", added)):
        for row in rows:
            click.echo(f"{sign} {' '.join(filter(None, _cells(row)))}")
    click.echo(f"{version} is used from now on; a candela that runs uses it after a restart.")
    click.echo("Recorded costs stay as they are. `candela reprice --dry-run` shows what would change.")


def _read(source: str, settings: ProxySettings) -> bytes:
    """Return the data at a URL or in a file, at most a little more of it than is allowed. Exits with an error."""
    shown, scheme = terminal_safe(source), urlsplit(source).scheme
    try:
        if scheme not in ("http", "https"):
            with Path(source).open("rb") as file:
                return file.read(price_data.LARGEST + 1)
        if scheme == "http" and urlsplit(source).hostname not in _LOOPBACK:
            raise click.UsageError(f"--from {shown}: use https; others could change the data on its way.")
        request = urllib.request.Request(source, headers={"User-Agent": "candela"})  # noqa: S310 - http and https only
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=tls_context(settings)) as answer:  # noqa: S310
            data: bytes = answer.read(price_data.LARGEST + 1)
            return data
    except urllib.error.HTTPError as error:
        raise click.ClickException(f"{shown} can't be read: HTTP {error.code}.") from None
    except http.client.HTTPException:
        raise click.ClickException(f"{shown} can't be read: the answer broke off, or is not HTTP.") from None
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        words = reason.strerror or reason if isinstance(reason, OSError) else reason
        offline = "Without internet, use a copy of the file: `candela prices update --from FILE`."
        raise click.ClickException(f"{shown} can't be read: {words}.\n{offline}") from None


def _compared(
    before: Sequence[ListedPrice], after: Sequence[ListedPrice]
) -> tuple[list[ListedPrice], list[ListedPrice]]:
    """Return the prices that are new, and those that are gone; a price that changed is both."""
    return [row for row in after if row not in before], [row for row in before if row not in after]


def _cells(row: ListedPrice) -> tuple[str, ...]:
    rates = row.rates
    when = [f"{name} {value}" for name, value in row.served]
    if row.prompt_above is not None:
        when.append(f"prompt > {row.prompt_above:,}")
    per_million = (rates.input, rates.cache_read, rates.cache_write_5m, rates.cache_write_1h, rates.output)
    return (
        terminal_safe(row.model),
        row.price_list,
        str(row.since or ""),
        str(row.until or ""),
        ", ".join(when),
        *map(_usd, per_million),
    )


def _usd(price: Decimal) -> str:
    return f"${price.normalize():f}"


def _record(row: ListedPrice) -> dict[str, Any]:
    rates = row.rates
    return {
        "price_list": row.price_list,
        "model": row.model,
        "since": str(row.since) if row.since else None,
        "until": str(row.until) if row.until else None,
        "served": dict(row.served),
        "prompt_above": row.prompt_above,
        "input_usd": rates.input,
        "cache_read_usd": rates.cache_read,
        "cache_write_5m_usd": rates.cache_write_5m,
        "cache_write_1h_usd": rates.cache_write_1h,
        "output_usd": rates.output,
        "web_search_usd": rates.web_search,
        "sources": list(row.sources),
    }


def _origin_record(origin: Origin) -> dict[str, Any]:
    return {
        "version": origin.version,
        "source": origin.source,
        "updated_at": origin.updated_at.isoformat() if origin.updated_at else None,
        "ignored": origin.ignored,
    }
