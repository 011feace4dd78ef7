"""The certificate that candela shows to other machines: ``[proxy] tls_cert`` and ``tls_key``, read again when they
change."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from candela_tui.config import ProxySettings
from candela_tui.files import open_to_every_user, stamp_of

_HTTP_1 = ["http/1.1"]
"""What is offered to clients: the only version that candela serves."""


class CertificateError(Exception):
    """The certificate can't be used. ``str()`` says which file and why."""


def server_context(certificates: Path, key: Path | None = None) -> ssl.SSLContext:
    """Return a context for a server with the certificate in a file, its chain behind it. ``key`` is the file of its key
    if that is another one. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(_HTTP_1)
    # Without a password OpenSSL would ask for one on the terminal.
    context.load_cert_chain(certificates, key, password="")
    return context


def lone_file(settings: ProxySettings) -> str | None:
    """Return what is wrong if the settings name only one of the two files."""
    if (settings.tls_cert is None) == (settings.tls_key is None):
        return None
    named, missing = ("tls_cert", "tls_key") if settings.tls_key is None else ("tls_key", "tls_cert")
    return f"proxy.{named}: candela does not start with it alone: set proxy.{missing}, too"


class ServerCertificate:
    """The certificate in two files. A change counts for the connections that are opened from then on."""

    def __init__(self, certificates: Path, key: Path, tell: Callable[[str], None]) -> None:
        """Read the files. ``tell`` is called with what is wrong later, once for each reason. Blocks; raises
        CertificateError."""
        self._certificates = certificates
        self._key = key
        self._tell = tell
        self._told: str | None = None
        self._stamp = stamp_of(certificates, key)
        self._context = self._read()
        self._reading = asyncio.Lock()

    @classmethod
    def of(cls, settings: ProxySettings, tell: Callable[[str], None]) -> "ServerCertificate | None":
        """Return the certificate of the settings, or None if they name none. Blocks; raises CertificateError."""
        cert, key = settings.tls_cert, settings.tls_key
        if cert is not None and key is not None:
            return cls(cert, key, tell)
        if cert is None and key is None:
            return None
        raise CertificateError(lone_file(settings))

    async def context(self) -> ssl.SSLContext:
        """Return the context for a new connection."""
        stamp = stamp_of(self._certificates, self._key)
        if stamp is None or stamp != self._stamp:
            async with self._reading:
                if stamp is None or stamp != self._stamp:
                    try:
                        self._context = await asyncio.to_thread(self._read)
                    except CertificateError as error:
                        # One of the two files may be new by now, and the other one not yet.
                        self._tell_once(f"The certificate stays as it was before its files changed: {error}")
                    self._stamp = stamp
        return self._context

    def _read(self) -> ssl.SSLContext:
        end = _checked(self._certificates, self._key)
        try:
            context = server_context(self._certificates, self._key)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                why = f"it is not the key of the first certificate in {self._certificates}"
            else:
                why = f"OpenSSL does not accept it with {self._certificates}"
            raise CertificateError(f"proxy.tls_key: {self._key}: {why}") from None
        except OSError as error:
            raise CertificateError(f"proxy.tls_cert: {self._certificates}: can't be read: {error.strerror}") from None
        if end < datetime.now(UTC):
            self._tell_once(
                f"The certificate in {self._certificates} ended on {end:%Y-%m-%d %H:%M} UTC: other machines do not"
                " accept it"
            )
        else:
            self._told = None
        return context

    def _tell_once(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._tell(words)


def _checked(certificates: Path, key: Path) -> datetime:
    """Return the end of the first certificate, and say of the files what is wrong in words that OpenSSL has not."""
    # Import it here: most users listen on 127.0.0.1 alone, and cryptography is slow to import.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    place = f"proxy.tls_cert: {certificates}"
    try:
        first = x509.load_pem_x509_certificates(certificates.read_bytes())[0]
    except OSError as error:
        raise CertificateError(f"{place}: can't be read: {error.strerror}") from None
    except ValueError:
        raise CertificateError(f"{place}: it holds no certificate in PEM form") from None
    place = f"proxy.tls_key: {key}"
    try:
        if open_to_every_user(key.stat().st_mode):
            raise CertificateError(f"{place} can be read or written by every user: `chmod o= {key}`")
        load_pem_private_key(key.read_bytes(), None)
    except OSError as error:
        raise CertificateError(f"{place}: can't be read: {error.strerror}") from None
    except TypeError:
        raise CertificateError(f"{place}: it is encrypted, and candela has no password for it") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CertificateError(f"{place}: it holds no private key in PEM form") from None
    return first.not_valid_after_utc
