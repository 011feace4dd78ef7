"""candela's own keys and the rules that they bring along, for commands that run without a proxy."""

from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation

if TYPE_CHECKING:
    from candela_tui.config import Settings
    from candela_tui.keys.key import Key
    from candela_tui.rules.of_keys import RulesOfKeys


def keys_and_people(invocation: Invocation, settings: "Settings") -> "dict[str, Key]":
    """Return the keys by their names, and with them everyone who ever signed in. Exits with an error if they can't be
    read."""
    from candela_tui.keys.errors import KeysError
    from candela_tui.keys.person import key_of
    from candela_tui.keys.ring import keys_by_name
    from candela_tui.store.open_keys import open_key_store
    from candela_tui.store.open_people import open_session_store

    try:
        keys = keys_by_name(open_key_store(settings, invocation.paths), settings.proxy.keys_file)
        people = open_session_store(settings, invocation.paths).everyone()
        return keys | {person.email: key_of(person) for person in people}
    except KeysError as error:
        raise click.ClickException(str(error)) from None


def rules_of_keys(invocation: Invocation, settings: "Settings") -> "RulesOfKeys":
    """Return the rules of the keys. Exits with an error if they can't be read."""
    from candela_tui.rules.of_keys import RulesOfKeys

    return RulesOfKeys.of(keys_and_people(invocation, settings).values())
