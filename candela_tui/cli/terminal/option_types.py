"""Types of options that more than one command has."""

from datetime import datetime

import click

from candela_tui.analysis.filter import Filter, parse
from candela_tui.analysis.filter_fields import FilterError
from candela_tui.text.times import Clock, moment_of


def moment(text: str) -> datetime:
    """Return the moment that a text names. Exits with an error if it names none."""
    try:
        return moment_of(text, Clock())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def filter_text(text: str) -> Filter:
    """Return a filter, as the dashboard's filter bar takes it. Exits with an error that says where it is wrong."""
    try:
        return parse(text)
    except FilterError as error:
        raise click.BadParameter(f"{error.message} (at character {error.position + 1} of {text!r})") from None
