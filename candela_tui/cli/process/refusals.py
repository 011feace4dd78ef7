"""Ask the running candela for the flags and fields that models refused, and make it forget them."""

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.check_proxy import client_of, own_candela
from candela_tui.protocol.model_ids import same_model
from candela_tui.store.errors import StoreError
from candela_tui.wire import Refusal


def remembered(invocation: Invocation, model: str | None = None) -> tuple[Refusal, ...]:
    """Return what the running candela remembers, of one model or of all; () if none is running or it can't be asked."""
    running = own_candela(invocation, invocation.settings())
    try:
        found = client_of(running, invocation).refusals() if running is not None else ()
    except StoreError:
        return ()
    return tuple(each for each in found if model is None or each.model == model or same_model(each.model, model))


def forget(invocation: Invocation, model: str | None) -> int:
    """Make the running candela forget what a model refused, or all models, and return how many parts that were.

    Exits with an error if it can't be asked. If none is running, nothing is remembered.
    """
    running = own_candela(invocation, invocation.settings())
    if running is None:
        return 0
    try:
        return client_of(running, invocation).forget_refusals(model)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
