"""The certificates that candela trusts."""

import os
import ssl
from pathlib import Path

from candela_tui.config import ProxySettings


def tls_context(settings: ProxySettings) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates, ``ca_bundle`` and NODE_EXTRA_CA_CERTS.

    SSL_CERT_FILE replaces the system's certificates. Claude Code itself honours NODE_EXTRA_CA_CERTS, and candela now
    makes that connection in its place. Raises OSError, which names the file.
    """
    context = ssl.create_default_context()
    for source, path in (
        ("proxy.ca_bundle", settings.ca_bundle),
        ("NODE_EXTRA_CA_CERTS", os.environ.get("NODE_EXTRA_CA_CERTS")),
    ):
        if not path:
            continue
        try:
            context.load_verify_locations(cafile=Path(path))
        except (OSError, ssl.SSLError) as error:
            if source != "NODE_EXTRA_CA_CERTS":  # Node itself only warns of a file that it can't read.
                why = "it holds none in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
                raise OSError(f"{source}: {path}: no CA certificates could be read: {why}") from error
    return context
