"""Types of options that more than one command has."""

from datetime import datetime, timedelta

import click

from candela_tui.analysis.filter import Filter, parse
from candela_tui.analysis.filter_fields import FilterError
from candela_tui.text.times import Clock, moment_of, span_of


def moment(text: str) -> datetime:
    """Return the moment that a text names. Exits with an error if it names none."""
    try:
        return moment_of(text, Clock())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def span(text: str) -> timedelta:
    """Return the span of time that a text names. Exits with an error if it names none."""
    found = span_of(text)
    if not found:
        raise click.BadParameter(f"{text!r} is not a span of time, such as 30m, 1h, 2d or 1w.")
    return found


def filter_text(text: str) -> Filter:
    """Return a filter, as the dashboard's filter bar takes it. Exits with an error that says where it is wrong."""
    try:
        return parse(text)
    except FilterError as error:
        raise click.BadParameter(f"{error.message} (at character {error.position + 1} of {text!r})") from None
