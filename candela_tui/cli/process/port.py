"""Take the proxy's port, and say why it can't be had."""

import socket

import click

from candela_tui.proxy.listen import HOST, PortTaken, bind

OTHER_PORT = "Choose another with `candela config set proxy.port 8182`, or once with CANDELA_PROXY__PORT=8182."


def take_port(port: int) -> socket.socket:
    """Bind and return a socket for the proxy. Raises PortTaken. Exits with an error if binding fails otherwise."""
    try:
        return bind(port)
    except OSError as error:
        raise click.ClickException(f"Port {port} on {HOST} can't be used: {error.strerror}.\n{OTHER_PORT}") from None


def refused(taken: PortTaken) -> click.ClickException:
    """Return the error for a port that is taken, which names its owner and what to do."""
    return click.ClickException(f"Port {taken.port} on {HOST} is taken by {taken.owner}.\n{OTHER_PORT}")
