"""Prepare what ``candela serve --transparent`` needs: the certificate authority, and the port."""

import contextlib
import socket
import sys
from collections.abc import Sequence

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.port import refused
from candela_tui.proxy.listen import PortTaken, bind


def transparent_sockets(invocation: Invocation, port: int) -> Sequence[socket.socket]:
    """Return sockets that listen on a port of both loopback addresses, for connections that the system redirects.

    Makes the authority if there is none. Exits with an error if any of it can't be had."""
    from candela_tui.proxy.tls_interception.authority import own_authority
    from candela_tui.proxy.tls_interception.files import AuthorityError

    if sys.platform != "linux":
        raise click.ClickException("--transparent needs Linux: only there is it known where a connection was to lead.")
    try:
        invocation.data_directory()
        own_authority(invocation.paths.authority)
        ipv4 = bind(port)
    except AuthorityError as error:
        raise click.ClickException(str(error)) from None
    except PortTaken as taken:
        raise refused(taken) from None
    except OSError as error:
        raise click.ClickException(f"Port {port} for --transparent can't be used: {error.strerror}") from None
    return (ipv4, *_ipv6(port))


def _ipv6(port: int) -> Sequence[socket.socket]:
    with contextlib.suppress(OSError):  # A machine without IPv6 has no connections of it to redirect.
        sock = socket.create_server(("::1", port), family=socket.AF_INET6, backlog=1024)
        sock.setblocking(False)
        return (sock,)
    return ()
