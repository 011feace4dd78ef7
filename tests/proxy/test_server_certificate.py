"""[proxy] tls_cert and tls_key: which files are a certificate, and what is said of those that are not."""

import datetime
import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from candela_tui.config import Settings
from candela_tui.network.server_certificate import CertificateError, ServerCertificate

AUTHORITY = trustme.CA()
LEAF = AUTHORITY.issue_cert("candela.example")
OTHER = AUTHORITY.issue_cert("candela.example")
DAY = datetime.timedelta(days=1)


def write(directory: Path, leaf: trustme.LeafCert = LEAF) -> tuple[Path, Path]:
    """Write a certificate and its key, as of a while ago, so that a later change is seen as one."""
    cert, key = directory / "cert.pem", directory / "key.pem"
    cert.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
    key.write_bytes(leaf.private_key_pem.bytes())
    key.chmod(0o600)
    for file in (cert, key):
        os.utime(file, (1, 1))
    return cert, key


def opened(tell: Callable[[str], None] = lambda _: None, **proxy: Path) -> ServerCertificate | None:
    return ServerCertificate.of(Settings.model_validate({"proxy": proxy}).proxy, tell)


def test_without_files_nothing_is_encrypted() -> None:
    assert opened() is None


@pytest.mark.parametrize(("named", "missing"), [("tls_cert", "tls_key"), ("tls_key", "tls_cert")])
def test_one_of_the_two_is_not_enough(tmp_path: Path, named: str, missing: str) -> None:
    with pytest.raises(
        CertificateError, match=rf"^proxy\.{named}: candela does not start with it alone: set proxy\.{missing}, too"
    ):
        opened(**{named: tmp_path / "file.pem"})


def remove_certificate(cert: Path, _key: Path) -> None:
    cert.unlink()


def remove_key(_cert: Path, key: Path) -> None:
    key.unlink()


def no_certificate(cert: Path, key: Path) -> None:
    cert.write_bytes(key.read_bytes())


def no_key(cert: Path, key: Path) -> None:
    key.write_bytes(cert.read_bytes())


def key_of_another(_cert: Path, key: Path) -> None:
    key.write_bytes(OTHER.private_key_pem.bytes())


def encrypted_key(_cert: Path, key: Path) -> None:
    plain = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))


def key_for_everyone(_cert: Path, key: Path) -> None:
    key.chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (remove_certificate, "proxy.tls_cert: {cert}: can't be read: No such file or directory"),
        (remove_key, "proxy.tls_key: {key}: can't be read: No such file or directory"),
        (no_certificate, "proxy.tls_cert: {cert}: it holds no certificate in PEM form"),
        (no_key, "proxy.tls_key: {key}: it holds no private key in PEM form"),
        (key_of_another, "proxy.tls_key: {key}: it is not the key of the first certificate in {cert}"),
        (encrypted_key, "proxy.tls_key: {key}: it is encrypted, and candela has no password for it"),
        (key_for_everyone, "proxy.tls_key: {key} can be read or written by every user: `chmod o= {key}`"),
    ],
)
def test_files_that_can_not_be_used_are_named_with_the_reason(
    tmp_path: Path, spoil: Callable[[Path, Path], None], said: str
) -> None:
    cert, key = write(tmp_path)
    spoil(cert, key)

    with pytest.raises(CertificateError) as error:
        opened(tls_cert=cert, tls_key=key)

    assert str(error.value) == said.format(cert=cert, key=key)


def test_a_group_may_read_the_key_as_that_of_a_mounted_secret(tmp_path: Path) -> None:
    cert, key = write(tmp_path)
    key.chmod(0o440)

    assert opened(tls_cert=cert, tls_key=key) is not None


def test_a_certificate_that_has_ended_is_used_and_said(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    cert, key = write(tmp_path, AUTHORITY.issue_cert("candela.example", not_before=now - 9 * DAY, not_after=now - DAY))
    said: list[str] = []

    assert opened(said.append, tls_cert=cert, tls_key=key) is not None
    assert len(said) == 1
    assert said[0].startswith(f"The certificate in {cert} ended on ")


async def test_a_renewed_certificate_counts_once_both_files_are_new(tmp_path: Path) -> None:
    said: list[str] = []
    cert, key = write(tmp_path)
    certificate = opened(said.append, tls_cert=cert, tls_key=key)
    assert certificate is not None
    first = await certificate.context()
    assert await certificate.context() is first

    cert.write_bytes(OTHER.cert_chain_pems[0].bytes())
    assert await certificate.context() is first
    assert await certificate.context() is first
    key.write_bytes(OTHER.private_key_pem.bytes())
    assert await certificate.context() is not first

    assert said == [
        f"The certificate stays as it was before its files changed: proxy.tls_key: {key}: it is not the key of the"
        f" first certificate in {cert}"
    ]


async def test_clients_are_offered_no_version_of_tls_before_1_2(tmp_path: Path) -> None:
    cert, key = write(tmp_path)
    certificate = opened(tls_cert=cert, tls_key=key)
    assert certificate is not None

    assert (await certificate.context()).minimum_version >= ssl.TLSVersion.TLSv1_2
