"""Take the proxy's port, and say why it can't be had."""

import socket
from typing import TYPE_CHECKING

import click

from candela_tui.paths import Paths
from candela_tui.proxy.listen import HOST, PortTaken, bind, is_loopback

if TYPE_CHECKING:
    from candela_tui.config import Settings

OTHER_PORT = "Choose another with `candela config set proxy.port 8182`, or once with CANDELA_PROXY__PORT=8182."


def take_port(port: int, listen: str | None = None) -> socket.socket:
    """Bind and return a socket for the proxy. Raises PortTaken. Exits with an error if binding fails otherwise."""
    try:
        return bind(port, listen)
    except OSError as error:
        raise click.ClickException(f"Port {port} on {HOST} can't be used: {error.strerror}.\n{OTHER_PORT}") from None


def require_keys(settings: "Settings", paths: Paths) -> None:
    """Exit with an error if others could reach the proxy and nobody could be let in, with a key or a sign-in."""
    listen = settings.proxy.listen
    if listen is None or is_loopback(listen) or settings.team.lets_sign_in:
        return
    # Import it here: most users listen on 127.0.0.1 alone.
    from candela_tui.keys.errors import KeysError
    from candela_tui.keys.ring import KeyRing
    from candela_tui.store.open_keys import open_key_store

    why = f"candela does not start: [proxy] listen is {listen}, where others can reach it"
    try:
        usable = KeyRing(open_key_store(settings, paths), settings.proxy.keys_file).usable()
    except KeysError as error:
        raise click.ClickException(f"{why}, and its keys can't be read.\n{error}") from None
    if not usable:
        raise click.ClickException(
            f"{why}, and there is no key that it could ask them for.\nMake one with `candela keys create --name NAME`,"
            " or name a file of keys in [proxy] keys_file."
        )


def require_certificate(settings: "Settings") -> None:
    """Exit with an error if other machines are to be served with TLS, and its files can't be used."""
    if settings.proxy.tls_cert is None and settings.proxy.tls_key is None:
        return
    # Import it here: most users listen on 127.0.0.1 alone.
    from candela_tui.network.server_certificate import CertificateError, ServerCertificate

    try:
        ServerCertificate.of(settings.proxy, lambda _: None)
    except CertificateError as error:
        raise click.ClickException(f"candela does not start without its certificate.\n{error}") from None


def refused(taken: PortTaken) -> click.ClickException:
    """Return the error for a port that is taken, which names its owner and what to do."""
    return click.ClickException(f"Port {taken.port} on {HOST} is taken by {taken.owner}.\n{OTHER_PORT}")
