"""The rules that candela's own keys bring along, for commands that run without a proxy."""

from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation

if TYPE_CHECKING:
    from candela_tui.config import Settings
    from candela_tui.rules.of_keys import RulesOfKeys


def rules_of_keys(invocation: Invocation, settings: "Settings") -> "RulesOfKeys":
    """Return the rules of the keys. Exits with an error if they can't be read."""
    from candela_tui.keys.errors import KeysError
    from candela_tui.keys.ring import keys_by_name
    from candela_tui.rules.of_keys import RulesOfKeys
    from candela_tui.store.open_keys import open_key_store

    try:
        keys = keys_by_name(open_key_store(settings, invocation.paths), settings.proxy.keys_file)
    except KeysError as error:
        raise click.ClickException(str(error)) from None
    return RulesOfKeys.of(keys.values())
