"""Redaction: nothing that authenticates anybody is kept, and nothing else is lost."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote_plus

import pytest

from candela_tui.cli.process.logging_setup import _OneLineEach
from candela_tui.config import PricingSettings, Settings
from candela_tui.credentials.errors import quotable
from candela_tui.doctor.check_result import Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.redaction import without_secrets
from candela_tui.exchange import Exchange
from candela_tui.exchange.facts import Context
from candela_tui.paths import default_paths
from candela_tui.pricing import Pricer
from candela_tui.protocol.errors import ApiError, error_body
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.record import ExchangeRecord
from candela_tui.redaction import SECRET_FORMS, SecretForm, is_secret_name, redact_headers, redact_text, redact_url
from candela_tui.reports.curl import curl_command
from candela_tui.reports.records import detailed_record
from candela_tui.store.rows import exchange_of, headers_row, row_of, with_headers
from tests.reports.exchanges import exchange

NOWHERE = Path("/nowhere")


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "X-Api-Key",
        "x-goog-api-key",
        "api-key",
        "Ocp-Apim-Subscription-Key",
        "x-functions-key",
        "x-litellm-key",
        "X-CustomApiKey",
        "X-Auth-Token",
        "x-access-token",
        "X-Amz-Security-Token",
        "x-goog-iam-authorization-token",
        "Cookie",
        "Set-Cookie",
        "Proxy-Authorization",
        "cf-access-client-secret",
        "x-user-password",
        "x-amz-credential",
        "x-amz-signature",
        "x-jwt-assertion",
    ],
)
def test_what_authenticates_is_not_kept(name):
    assert redact_headers([(name, "hunter2")]) == ((name, "[redacted]"),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("anthropic-ratelimit-unified-status", "allowed"),
        ("anthropic-ratelimit-unified-5h-utilization", "0.42"),
        ("anthropic-ratelimit-input-tokens-remaining", "9000"),
        ("anthropic-ratelimit-tokens-limit", "9000"),
        ("anthropic-fast-output-tokens-reset", "2026-11-21T00:00:00Z"),
        ("x-amzn-bedrock-input-token-count", "12"),
        ("X-Stainless-Retry-Count", "0"),
        ("X-Claude-Code-Session-Id", "869828e9-3c12-4490-889b-1d6433b8a460"),
        ("x-claude-code-agent-id", "a1"),
        ("anthropic-beta", "claude-code-20250219,context-1m-2025-08-07"),
        ("anthropic-dangerous-direct-browser-access", "true"),
        ("anthropic-organization-id", "0f5a0f2e-9d2f-4a47-9d5d-000000000000"),
        ("User-Agent", "claude-cli/2.1.197 (external, sdk-cli)"),
        ("WWW-Authenticate", 'Bearer realm="x"'),
        ("Idempotency-Key", "stainless-node-retry-1"),
        ("access-control-allow-credentials", "true"),
        ("request-id", "req_011CSHoEeqs5C35K2UUqR7Fy"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("cf-ray", "8c9d0e1f2a3b4c5d-ASIA"),
    ],
)
def test_what_does_not_authenticate_is_kept(name, value):
    expected = value if name != "WWW-Authenticate" else "Bearer [redacted]"
    assert redact_headers([(name, value)]) == ((name, expected),)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Bearer sk-ant-oat01-abc", "Bearer [redacted]"),
        ("bearer abc", "bearer [redacted]"),
        ("Basic dXNlcjpwYXNz", "Basic [redacted]"),
        (
            "AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/bedrock/aws4_request, Signature=ab",
            "AWS4-HMAC-SHA256 [redacted]",
        ),
        ("my secret", "[redacted]"),
        ("abc", "[redacted]"),
        ("Bearer", "[redacted]"),
        ("", "[redacted]"),
    ],
)
def test_of_an_authorization_only_the_known_scheme_is_kept(value, kept):
    assert redact_headers([("authorization", value)]) == (("authorization", kept),)


@pytest.mark.parametrize(
    "value",
    [
        "sk-ant-api03-0123456789abcdef",
        "key=sk-proj-0123456789abcdef; v=1",
        "Bearer abc",
        "ya29.a0AfH6SMBx",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ],
)
def test_a_key_under_any_name_is_not_kept(value):
    ((_, kept),) = redact_headers([("X-My-Header", value)])
    assert kept in ("[redacted]", "Bearer [redacted]")


def test_order_spelling_and_repetition_are_kept():
    fields = [("B", "1"), ("a", "2"), ("B", "3")]
    assert redact_headers(fields) == tuple(fields)


def test_a_query_parameter_is_judged_by_the_same_rules():
    assert is_secret_name("X-Amz-Signature")
    assert not is_secret_name("max_tokens")


EXAMPLES = {
    "Anthropic API key": "sk-ant-api03-0a1B2c3D4e5F6g7H8i9J",
    "Anthropic OAuth access token": "sk-ant-oat01-0a1B2c3D4e5F6g7H8i9J",
    "Anthropic OAuth refresh token": "sk-ant-ort01-0a1B2c3D4e5F6g7H8i9J",
    "Anthropic admin key": "sk-ant-admin01-0a1B2c3D4e5F6g7H",
    "key of candela's": "ck_live_0a1B2c3D4e5F6g7H8i9J0k1L2m3N",
    "API key of a gateway": "sk-or-v1-0a1b2c3d4e5f6a7b",
    "Google access token": "ya29.a0AeXample_0a1B2c3D4e5F6g7H",
    "Google refresh token": "1//0example-0a1B2c3D4e5F6g7H8",
    "Google client secret": "GOCSPX-0a1B2c3D4e5F6g7H8i9J",
    "Google API key": "AIzaExample0a1B2c3D4e5F6g7H8i9J0k1L2m3",
    "AWS access key ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS temporary access key ID": "ASIAIOSFODNN7EXAMPLE",
    "AWS secret access key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS session token": "IQoJb3JpZ2luX2VjEXAMPLE0a1B2c3D4e5F6g7H==",
    "AWS session token of old": "FwoGZXIvYXdzEXAMPLE0a1B2c3D4e5F6g7H==",
    "Bedrock API key": "ABSKQmVkcm9ja0FQSUtleS1leGFtcGxlLWtleQ==",
    "short-term Bedrock API key": "bedrock-api-key-YmVkcm9jay5leGFtcGxlLzA=",
    "Claude Platform API key": "AEAAQWVhQXBpS2V5LWV4YW1wbGUta2V5LTE=",
    "short-term Claude Platform API key": "aws-external-anthropic-api-key-ZXhhbXBsZS8=",
    "Azure resource key": f"{'0a1B2c3D4e5F6' * 4}JQQJ99BLAC{'0a1B2c3D4e5' * 2}",
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmVk",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEexample0a1B2c3D4=\n-----END RSA PRIVATE KEY-----",
    "bearer token": "Bearer 0a1b2c3d4e5f",
    "basic credentials": "Basic dXNlcjpwYXNzd29yZA==",
    "password in a URL": "https://somebody:hunter2@gateway.example/v1",
}
"""A value of each form; all of them made up, or from AWS's own documentation."""
SECRET_PARTS = {"bearer token": "0a1b2c3d4e5f", "basic credentials": "dXNlcjpwYXNz", "password in a URL": "hunter2"}
"""What of it is secret, if not all."""


def _raw(*, path: str = "/v1/messages", headers: HeaderList | None = None) -> RawExchange:
    return RawExchange(ClientRequest("POST", path, headers or [], b"{}"))


def _captured(raw: RawExchange) -> Exchange:
    record = ExchangeRecord(raw)
    record.read_request()
    while record.behind:
        record.fold()
    record.snapshot(Pricer(PricingSettings()))
    return record.exchange


def _unredacted(secret: str) -> Exchange:
    """What an earlier version stored that did not know the form."""
    return exchange(
        path=f"/v1/messages?x={quote(secret, safe='')}",
        request_headers=(("X-Gateway-Pass", secret),),
        response_headers=(("X-Echo", secret),),
        provider_request_headers=(("X-Gateway-Pass", secret),),
        provider_response_headers=(("X-Echo", secret),),
        error=ApiError("api_error", f"it said {secret}"),
    )


def _request_header(secret: str) -> str:
    return str(redact_headers([("X-Gateway-Pass", secret)]))


def _query(secret: str) -> str:
    return redact_url(f"/v1/messages?beta=true&x={quote(secret, safe='')}&y=1")


def _name_in_query(secret: str) -> str:
    return redact_url(f"/v1/messages?{quote(secret, safe='')}")


def _path(secret: str) -> str:
    return redact_url(f"/gateway/{quote(secret, safe='')}/v1/messages")


def _provider_error(secret: str) -> str:
    raw = _raw(headers=[("content-type", "application/json")])
    raw.answered(401, [("content-type", "application/json")])
    raw.chunk(error_body(401, f"Incorrect key provided: {secret} is not known"))
    raw.ended()
    return str(_captured(raw))


def _captured_exchange(secret: str) -> str:
    raw = _raw(path=f"/v1/messages?x={quote(secret, safe='')}", headers=[("X-Gateway-Pass", secret)])
    raw.answered(200, [("X-Echo", secret)])
    raw.ended()
    return str(_captured(raw))


def _older_store(secret: str) -> str:
    stored = _unredacted(secret)
    return str(with_headers(exchange_of(row_of(stored, None, response_dropped=False)), headers_row(stored)))


def _exported_from_an_older_store(secret: str) -> str:
    stored = _unredacted(secret)
    exchange = with_headers(exchange_of(row_of(stored, None, response_dropped=False)), headers_row(stored))
    return f"{detailed_record(exchange, Context())} {curl_command(exchange, b'{}')}"


def _quoted_error(secret: str) -> str:
    return quotable(f"it said: {secret} is refused")


def _doctor(secret: str) -> str:
    context = DoctorContext(default_paths(NOWHERE, NOWHERE), Settings(), environ={}, home=NOWHERE, directory=NOWHERE)
    topic = Topic("client.something", "Something")
    return str(without_secrets([topic.bad(f"it said {secret}", f"Unset {secret}")], context))


def _log(secret: str) -> str:
    record = logging.LogRecord("candela_tui", logging.WARNING, __file__, 1, "refused: %s!", (secret,), None)
    return _OneLineEach("%(message)s").format(record)


USERS = [
    _request_header,
    _query,
    _name_in_query,
    _path,
    _provider_error,
    _captured_exchange,
    _older_store,
    _exported_from_an_older_store,
    _quoted_error,
    _doctor,
    _log,
]


@pytest.mark.parametrize("shown", USERS, ids=lambda user: user.__name__.lstrip("_"))
@pytest.mark.parametrize("form", EXAMPLES)
def test_no_form_of_a_secret_is_stored_shown_logged_or_exported(form: str, shown: Callable[[str], str]) -> None:
    secret = EXAMPLES[form]
    said = unquote_plus(shown(secret))
    for part in SECRET_PARTS.get(form, secret).splitlines():
        assert part not in said
    assert "redacted" in said or "$ANTHROPIC_API_KEY" in said


@pytest.mark.parametrize("form", SECRET_FORMS, ids=lambda form: f"{form.provider} {form.name}")
def test_every_form_of_the_table_has_an_example(form: SecretForm) -> None:
    assert any(re.search(form.pattern, example) for example in EXAMPLES.values())


@pytest.mark.parametrize(
    "text",
    [
        "The bearer token is invalid, basic authentication needs a Bearer access-token",
        "max_tokens: 640000 > 128000, which is the maximum allowed",
        "task-management-and-more, desk-reservations, risk-assessment-2025",
        "POST https://us-east5-aiplatform.googleapis.com/v1/projects/p1/locations/us-east5/publishers/anthropic/models",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "0f5a0f2e-9d2f-4a47-9d5d-000000000000 req_011CSHoEeqs5C35K2UUqR7Fy 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
        "someone@example.com wrote to https://example.com/@scope/package",
    ],
)
def test_words_ids_and_hashes_are_left_as_they_are(text: str) -> None:
    assert redact_text(text) == text
    assert redact_headers([("X-Some", text)]) == (("X-Some", text),)


def test_of_a_url_only_what_is_secret_changes() -> None:
    assert redact_url("/v1/messages?beta=true") == "/v1/messages?beta=true"
    assert redact_url("/v1/messages?a=%20b&key=hunter2&c=d%2Fe&flag") == "/v1/messages?a=%20b&key=redacted&c=d%2Fe&flag"
    assert redact_url("/v1/x?api%5Fkey=hunter2") == "/v1/x?api%5Fkey=redacted"
    assert redact_url("/v1/x?key=") == "/v1/x?key="
