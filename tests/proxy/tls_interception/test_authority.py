"""The certificate authority: whose key nobody else reads, and what it can sign."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.providers.opened_hosts import OPENED_HOSTS, PARENT_DOMAINS, OpenedHost, opened_host
from candela_tui.proxy.tls_interception.authority import (
    Authority,
    existing_authority,
    own_authority,
    remove_authority,
    renewed_authority,
)
from candela_tui.proxy.tls_interception.contexts import Contexts
from candela_tui.proxy.tls_interception.files import AuthorityError

NAMES = (
    "api.anthropic.com",
    "aiplatform.googleapis.com",
    "us-east5-aiplatform.googleapis.com",
    "aiplatform.us.rep.googleapis.com",
    "bedrock-runtime.us-gov-west-1.amazonaws.com",
)
OTHERS = (
    "anthropic.com",
    "www.anthropic.com",
    "mcp-proxy.anthropic.com",
    "api.anthropic.com.evil.example",
    "evilapi.anthropic.com",
    "storage.googleapis.com",
    "a.b-aiplatform.googleapis.com",
    "aiplatform.a.b.rep.googleapis.com",
    "oauth2.googleapis.com",
    "bedrock.us-east-1.amazonaws.com",
    "bedrock-runtime.us-east-1.amazonaws.com.cn",
    "bedrock-runtime.a.b.amazonaws.com",
    "",
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return own_authority(tmp_path / "ca")


def host(name: str) -> OpenedHost:
    found = opened_host(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_hosts_of_the_table_are_opened_in_any_case_and_with_a_dot(name: str) -> None:
    for spelling in (name, name.upper(), f"{name}."):
        assert host(spelling).name == name


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_host_is(name: str) -> None:
    assert opened_host(name) is None


@given(some.text(max_size=40))
def test_a_name_with_anything_before_or_behind_it_is_no_host_of_the_table(text: str) -> None:
    for name in (f"{text}/api.anthropic.com", f"api.anthropic.com{text}x", f"{text}@api.anthropic.com"):
        assert opened_host(name) is None


def test_the_key_is_for_its_user_only_and_stays_the_same(authority: Authority) -> None:
    assert stat.S_IMODE(authority.key_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(authority.directory.stat().st_mode) == 0o700
    assert own_authority(authority.directory).fingerprint == authority.fingerprint
    assert b"PRIVATE" not in authority.certificate_path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_a_leaf_is_valid_for_its_host_alone(authority: Authority, name: str) -> None:
    leaf, _ = x509.load_pem_x509_certificates(authority.issue(host(name)).pem)
    store = PolicyBuilder().store(Store([authority.certificate]))
    assert store.build_server_verifier(x509.DNSName(name)).verify(leaf, [])
    with pytest.raises(VerificationError):
        store.build_server_verifier(x509.DNSName("else.anthropic.com")).verify(leaf, [])


def test_even_with_the_key_no_certificate_for_another_domain_is_valid(authority: Authority) -> None:
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("github.com")]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    verifier = PolicyBuilder().store(Store([authority.certificate])).build_server_verifier(x509.DNSName("github.com"))
    with pytest.raises(VerificationError):
        verifier.verify(forged, [])
    assert set(authority.domains) == set(PARENT_DOMAINS)
    constraints = authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.path_length == 0


def test_every_host_of_the_table_is_below_a_domain_that_the_authority_may_sign_for() -> None:
    assert all(rule.words.endswith(f".{rule.domain}") for rule in OPENED_HOSTS)


def test_an_authority_that_has_expired_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from candela_tui.proxy.tls_interception import authority as module

    monkeypatch.setattr(module, "_VALID", timedelta(hours=-1))
    old = own_authority(tmp_path)
    monkeypatch.undo()
    assert own_authority(tmp_path).fingerprint != old.fingerprint


def test_a_key_that_others_could_have_read_is_not_used(authority: Authority) -> None:
    authority.key_path.chmod(0o644)
    with pytest.raises(AuthorityError, match="candela ca renew"):
        own_authority(authority.directory)
    assert existing_authority(renewed_authority(authority.directory).directory) is not None


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_file_is_named(authority: Authority, content: bytes) -> None:
    authority.key_path.write_bytes(content)
    with pytest.raises(AuthorityError, match=r"key\.pem: not a key and a certificate"):
        existing_authority(authority.directory)


def test_a_certificate_that_was_lost_is_written_again(authority: Authority) -> None:
    authority.certificate_path.unlink()
    assert own_authority(authority.directory).certificate_path.is_file()


def test_a_bundle_has_the_certificates_of_both(authority: Authority, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.pem"
    theirs.write_bytes(own_authority(tmp_path / "other").certificate_path.read_bytes().rstrip())
    bundle = authority.bundle_with(theirs)
    assert len(x509.load_pem_x509_certificates(bundle.read_bytes())) == 2
    assert ssl.create_default_context(cafile=str(bundle)).cert_store_stats()["x509_ca"] >= 2
    assert authority.bundle_with(bundle) == bundle
    with pytest.raises(AuthorityError, match="NODE_EXTRA_CA_CERTS"):
        authority.bundle_with(tmp_path / "missing.pem")


def test_what_is_removed_leaves_nothing(authority: Authority) -> None:
    assert remove_authority(authority.directory)
    assert not authority.directory.exists()
    assert not remove_authority(authority.directory)


async def test_a_context_is_made_once_and_again_for_a_renewed_authority(tmp_path: Path) -> None:
    contexts = Contexts(tmp_path / "ca")
    assert await contexts.of(host(NAMES[0])) is None
    own_authority(tmp_path / "ca")
    first = await contexts.of(host(NAMES[0]))
    assert first is not None
    assert await contexts.of(host(NAMES[0])) is first
    assert await contexts.of(host(NAMES[1])) is not first
    renewed_authority(tmp_path / "ca")
    assert await contexts.of(host(NAMES[0])) is not first
    remove_authority(tmp_path / "ca")
    assert await contexts.of(host(NAMES[0])) is None
