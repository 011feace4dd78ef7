"""candela's own certificate authority: made on first use, for the hosts of a table only, with its key in one file.

``key.pem`` holds the key and the certificate, so that both are replaced in one step. ``ca.pem`` is a copy of the
certificate for programs that are to trust it, and can be made again.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from candela_tui.file_lock import locked
from candela_tui.files import write_atomically
from candela_tui.providers.opened_hosts import PARENT_DOMAINS, OpenedHost
from candela_tui.proxy.tls_interception.files import AuthorityError, certificate_path, key_path

_PUBLIC = 0o644
_OTHERS = 0o077
_VALID = timedelta(days=365)
_LEAF_VALID = timedelta(days=30)
_CLOCK_SKEW = timedelta(days=1)
"""Clocks in containers and virtual machines may be behind."""
SOON = timedelta(days=30)
"""The time before the end of an authority in which it should be renewed."""
_LONGEST_COMMON_NAME = 64
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate for one host, with its chain and key as PEM."""

    pem: bytes
    expires: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority in a directory."""

    directory: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_path(self) -> Path:
        """The PEM file for programs that are to trust the authority."""
        return certificate_path(self.directory)

    @property
    def key_path(self) -> Path:
        """The file of the key, for the user only."""
        return key_path(self.directory)

    @property
    def expires(self) -> datetime:
        """The end of its validity."""
        return self.certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, as other programs show it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def domains(self) -> Sequence[str]:
        """The domains below which it may sign."""
        return _domains(self.certificate)

    def issue(self, host: OpenedHost, now: datetime | None = None) -> Leaf:
        """Return a new key with a certificate for a host of the table."""
        now = now or datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        expires = min(now + _LEAF_VALID, self.expires)
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, host.name)] if len(host.name) <= _LONGEST_COMMON_NAME else []
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(max(now - _CLOCK_SKEW, self.certificate.not_valid_before_utc))
            .not_valid_after(expires)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host.name)]), critical=not subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return Leaf(_key_pem(key) + leaf.public_bytes(_PEM) + self.certificate.public_bytes(_PEM), expires)

    def bundle_with(self, extra: Path) -> Path:
        """Write a file with the certificates of ``extra`` and the authority's own, and return its path.

        Raises AuthorityError."""
        try:
            theirs = extra.read_bytes()
        except OSError as error:
            raise AuthorityError(f"NODE_EXTRA_CA_CERTS: {extra}: can't be read: {error.strerror}") from None
        own = self.certificate.public_bytes(_PEM)
        if own in theirs:
            return extra
        name = hashlib.sha256(str(extra.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        bundle = self.directory / f"bundle-{name}.pem"
        _write(bundle, theirs.rstrip() + b"\n" + own, _PUBLIC)
        return bundle


def existing_authority(directory: Path) -> Authority | None:
    """Return the authority in a directory, or None if there is none. Raises AuthorityError."""
    path = key_path(directory)
    try:
        status = path.stat()
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuthorityError(f"{path}: can't be read: {error.strerror}") from None
    if status.st_mode & _OTHERS:
        raise AuthorityError(
            f"{path}: other users may have read the key of candela's certificate authority. "
            "Make a new one with `candela ca renew`."
        )
    try:
        key = serialization.load_pem_private_key(data, None)
        certificate = x509.load_pem_x509_certificate(data)
    except ValueError:
        raise AuthorityError(f"{path}: not a key and a certificate. Make new ones with `candela ca renew`.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise AuthorityError(f"{path}: the key is not that of the certificate. Make new ones with `candela ca renew`.")
    return Authority(directory, certificate, key)


def own_authority(directory: Path) -> Authority:
    """Return the authority in a directory. One is made if there is none, it has expired, or the table of hosts has
    domains that it may not sign for. Raises AuthorityError."""
    _make_directory(directory)
    with locked(key_path(directory)):
        found = existing_authority(directory)
        if found is None or found.expires <= datetime.now(UTC) or not set(PARENT_DOMAINS) <= set(found.domains):
            return _made(directory)
        _write_certificate(found)
        return found


def renewed_authority(directory: Path) -> Authority:
    """Return a new authority, which replaces the one in the directory. Raises AuthorityError."""
    _make_directory(directory)
    with locked(key_path(directory)):
        return _made(directory)


def remove_authority(directory: Path) -> bool:
    """Delete the authority and its bundles. Return whether there was one. Raises AuthorityError."""
    if not directory.exists():
        return False
    try:
        shutil.rmtree(directory)
    except OSError as error:
        raise AuthorityError(f"{directory}: can't be removed: {error.strerror}") from None
    return True


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AuthorityError(f"{directory}: can't be made: {error.strerror}") from None


def _made(directory: Path) -> Authority:
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"candela on this machine, {now:%Y-%m-%d}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints([x509.DNSName(domain) for domain in PARENT_DOMAINS], None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(key_path(directory), _key_pem(key) + certificate.public_bytes(_PEM))
    authority = Authority(directory, certificate, key)
    _write_certificate(authority)
    return authority


def _write_certificate(authority: Authority) -> None:
    pem = authority.certificate.public_bytes(_PEM)
    try:
        if authority.certificate_path.read_bytes() == pem:
            return
    except OSError:
        pass  # It is written now.
    _write(authority.certificate_path, pem, _PUBLIC)


def _write(path: Path, data: bytes, mode: int = 0o600) -> None:
    try:
        write_atomically(path, data, mode=mode)
    except OSError as error:
        raise AuthorityError(f"{path}: can't be written: {error.strerror}") from None


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _domains(certificate: x509.Certificate) -> Sequence[str]:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return ()
    permitted = constraints.permitted_subtrees or ()
    return tuple(each.value for each in permitted if isinstance(each, x509.DNSName))
