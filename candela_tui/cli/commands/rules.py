"""``candela rules``: list, add, change, remove, try and override the rules of config.toml."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from candela_tui.cli.audited import audit_log, recorded_rules
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import NO_SESSION, recorded
from candela_tui.cli.rule_options import KindsGroup, options_for, values_of
from candela_tui.cli.rules_of_keys import rules_of_keys
from candela_tui.cli.terminal.option_types import moment, span
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.config import RulesSettings
from candela_tui.exchange.facts import iso_time
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import Clock, local_time, utc_now

if TYPE_CHECKING:
    from candela_tui.attach.control import Control
    from candela_tui.config import RuleKind, WrittenRule
    from candela_tui.rules.budgets.overrides import Overrides
    from candela_tui.rules.budgets.state import Override

_NO_RULES = "config.toml has no rules: `candela rules add --help` lists the kinds, and docs/rules.md has examples."


@click.group()
def rules() -> None:
    """List, add, change, remove and try the rules of config.toml.

    A running candela follows them at once, without a restart.

    \b
    Examples:
      candela rules add tools --name "no pushes" --deny "Bash(git push *)" --action answer
      candela rules add models --deny "claude-opus-*"
      candela rules edit tools "no pushes" --dry-run
      candela rules remove tools "no pushes"
    """


@rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def list_rules(invocation: Invocation, as_json: bool) -> None:
    """List the rules of config.toml, as they are written there."""
    from candela_tui.config import read_document, written_rules

    invocation.settings()  # It exits if the file has a mistake.
    found = written_rules(read_document(invocation.paths.config))
    if as_json:
        echo_json(json_text([{"kind": rule.kind.name, "name": rule.name, "keys": dict(rule.values)} for rule in found]))
    elif found:
        rows = [(rule.kind.name, rule.name, _written(rule)) for rule in found]
        click.echo(table(("KIND", "NAME", "RULE"), rows, flexible=2, width=output_width()))
    else:
        click.echo(_NO_RULES, err=True)


def _written(rule: "WrittenRule") -> str:
    from candela_tui.config import toml_value

    return ", ".join(f"{key} = {toml_value(value)}" for key, value in rule.values.items() if key != "name")


def _adding(kind: "RuleKind") -> click.Command:
    @pass_invocation
    def add(invocation: Invocation, /, **given: Any) -> None:
        from candela_tui.config import add_rule
        from candela_tui.ui.settings_check import setting_mistakes

        values = values_of(kind, given)
        if not values:
            raise click.UsageError(f"Say what the rule is, such as --{kind.fields[0].name}; --help lists the options.")
        _change(invocation, "Added", lambda: add_rule(invocation.paths.config, kind, values, setting_mistakes))

    more = "" if kind.many else " What is given is added to the lists of the section."
    return click.Command(kind.name, callback=add, params=options_for(kind, required=True), help=kind.meaning + more)


def _editing(kind: "RuleKind") -> click.Command:
    @pass_invocation
    def edit(invocation: Invocation, /, rule: str = "", unset: tuple[str, ...] = (), **given: Any) -> None:
        from candela_tui.config import edit_rule
        from candela_tui.ui.settings_check import setting_mistakes

        changes = {**dict.fromkeys(unset), **values_of(kind, given)}
        if not changes:
            raise click.UsageError("Say what to change; --help lists the options.")
        _change(
            invocation, "Changed", lambda: edit_rule(invocation.paths.config, kind, rule, changes, setting_mistakes)
        )

    names = [field.name for field in kind.fields]
    unset = click.Option(
        ["--unset"],
        multiple=True,
        type=click.Choice(names),
        metavar="KEY",
        help="Remove a key, so that its default applies.",
    )
    params = [*_argument(kind), *options_for(kind, required=False), unset]
    words = f"Change keys of a rule of {kind.section}. A list replaces the one that is there."
    return click.Command(kind.name, callback=edit, params=params, help=words)


def _removing(kind: "RuleKind") -> click.Command:
    @pass_invocation
    def remove(invocation: Invocation, rule: str = "") -> None:
        from candela_tui.config import remove_rule
        from candela_tui.ui.settings_check import setting_mistakes

        _change(invocation, "Removed", lambda: remove_rule(invocation.paths.config, kind, rule, setting_mistakes))

    words = f"Remove {'a rule of ' if kind.many else ''}{kind.section}, with the comments directly above it."
    return click.Command(kind.name, callback=remove, params=_argument(kind), help=words)


def _argument(kind: "RuleKind") -> list[click.Parameter]:
    """Return the argument that says which rule is meant, if there may be several."""
    return [click.Argument(["rule"], metavar="NAME|NUMBER")] if kind.many else []


def _change(invocation: Invocation, done: str, change: Callable[[], str]) -> None:
    """Make a change of config.toml, say so, and let the running candela follow it."""
    from candela_tui.config import ConfigError

    try:
        with recorded_rules(invocation):
            name = change()
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{done} {terminal_safe(name)!r} in {invocation.paths.config}.")
    _follow(invocation)


def _follow(invocation: Invocation) -> None:
    """Make the candela that runs with this data directory read its rules, and say whether it follows them."""
    from candela_tui.attach.control import Control
    from candela_tui.cli.process.check_proxy import client_of, own_candela
    from candela_tui.store.errors import StoreError

    running = own_candela(invocation, invocation.settings())
    if running is None:
        return
    client = client_of(running, invocation)
    try:
        trouble = Control(client, lambda _: None).why_not_followed(invocation.paths.config)
    except StoreError as error:
        trouble = str(error)
    if trouble:
        click.echo(f"Warning: {trouble}", err=True)
    else:
        click.echo(f"The candela on {client.where} follows it from now on.")


rules.add_command(KindsGroup(_adding, name="add", help="Add a rule. Each kind has its own options."))
rules.add_command(KindsGroup(_editing, name="edit", help="Change a rule. Each kind has its own options."))
rules.add_command(KindsGroup(_removing, name="remove", help="Remove a rule."))


@rules.command()
@click.argument("name")
@click.option("--for", "lasting", type=span, metavar="SPAN", help="For how long: 30m, 1h, 2d.")
@click.option("--why", metavar="TEXT", help="The reason, which is shown with the budget and recorded.")
@click.option("--remove", is_flag=True, help="End the override.")
@pass_invocation
def override(invocation: Invocation, name: str, lasting: timedelta | None, why: str | None, remove: bool) -> None:
    """Let requests pass the budget NAME for a time, whatever they cost.

    \b
    Examples:
      candela rules override "my month" --for 1h --why "release night"
      candela rules override "my month" --remove
    """
    from candela_tui.rules.budgets.figures import overridden

    reason = (why or "").strip()
    if remove and (lasting or reason):
        raise click.UsageError("--remove ends the override; leave out --for and --why.")
    if not remove and (lasting is None or not reason):
        raise click.UsageError("Say for how long and why: --for 1h --why TEXT. --remove ends the override.")
    settings = invocation.settings()
    known = [budget.name for budget in rules_of_keys(invocation, settings).added_to(settings.rules).budgets]
    if name not in known:
        named = ", ".join(map(repr, known)) or "none"
        raise click.ClickException(f"There is no budget named {terminal_safe(name)!r}; there is {named}.")
    if lasting is None:
        _end_override(invocation, name)
        click.echo(f"{terminal_safe(name)!r} is not overridden any more.")
    else:
        made = _override(invocation, name, lasting, reason)
        click.echo(terminal_safe(f"{name!r} is {overridden(made, Clock())}"))


def _override(invocation: Invocation, name: str, lasting: timedelta, why: str) -> "Override":
    """Override a budget: through the running candela, whose waiting requests go on then, or else directly."""
    from candela_tui.rules.budgets.state import Override

    with _overriding(invocation) as (control, overrides):
        if control is not None:
            return control.override_budget(name, for_s=lasting.total_seconds(), why=why)
        now = utc_now()
        invocation.data_directory()
        overrides.set(made := Override(name, now + lasting, why, now))
        return made


def _end_override(invocation: Invocation, name: str) -> None:
    with _overriding(invocation) as (control, overrides):
        if control is not None:
            control.end_override(name)
        else:
            overrides.remove(name, utc_now())


@contextlib.contextmanager
def _overriding(invocation: Invocation) -> "Iterator[tuple[Control | None, Overrides]]":
    """Yield what acts on the running candela, or None, and the overrides. Exits with an error."""
    from candela_tui.attach.control import Control
    from candela_tui.audit.entry import AuditError
    from candela_tui.cli.process.check_proxy import client_of, own_candela
    from candela_tui.rules.budgets.opening import open_overrides
    from candela_tui.store.errors import StoreError

    settings = invocation.settings()
    running = own_candela(invocation, settings)
    try:
        control = Control(client_of(running, invocation), lambda _: None) if running is not None else None
        yield control, open_overrides(settings, invocation.paths, audit_log(invocation))
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    except AuditError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{invocation.paths.overrides}: can't be written: {error.strerror}") from None


@rules.command("try")
@click.option("--since", type=moment, metavar="TIME", help="Only requests from then on: 7d, 12h, 2026-11-21.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def try_rules(invocation: Invocation, since: datetime | None, as_json: bool) -> None:
    """List what the rules of config.toml would have done about the recorded requests, the oldest first.

    A running candela need not know these rules yet. What a conversation would have done next is not known.
    """
    # Import it here: it reads shell commands.
    from candela_tui.rules.trial import Trial

    settings = invocation.settings().rules
    with recorded(invocation) as store:
        trial = Trial(settings, store)
        found = list(trial.actions(since))
    if as_json:
        records = [
            {
                "id": exchange.id,
                "session_id": exchange.session_id,
                "started_at": iso_time(exchange.started_at),
                "rule": action.rule,
                "action": action.action,
                "words": action.words,
            }
            for exchange, action in found
        ]
        echo_json(json_text(records))
    elif settings == RulesSettings():
        click.echo(_NO_RULES, err=True)
    elif found:
        rows = [
            (
                exchange.id,
                local_time(exchange.started_at),
                exchange.session_id or NO_SESSION,
                action.rule,
                action.action,
                action.words,
            )
            for exchange, action in found
        ]
        click.echo(table(("ID", "STARTED", "SESSION", "RULE", "ACTION", "WHY"), rows, flexible=5))
    else:
        click.echo("The rules would have done nothing.", err=True)
    for words in trial.not_known():
        click.echo(words, err=True)
