"""Headers: nothing that authenticates anybody is kept, and nothing else is lost."""

import pytest

from candela_tui.protocol.headers import header, is_secret, rate_limits, redacted


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
    assert redacted([(name, "hunter2")]) == ((name, "[redacted]"),)


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
    assert redacted([(name, value)]) == ((name, expected),)


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
    assert redacted([("authorization", value)]) == (("authorization", kept),)


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
    ((_, kept),) = redacted([("X-My-Header", value)])
    assert kept in ("[redacted]", "Bearer [redacted]")


def test_order_spelling_and_repetition_are_kept():
    fields = [("B", "1"), ("a", "2"), ("B", "3")]
    assert redacted(fields) == tuple(fields)


def test_a_field_is_found_whatever_its_case():
    fields = [("Request-ID", "req_1"), ("request-id", "req_2")]
    assert header(fields, "request-id") == "req_1"
    assert header(fields, "missing") is None


def test_the_fields_that_tell_limits_are_collected():
    fields = [
        ("Retry-After", "12"),
        ("Anthropic-Ratelimit-Unified-Status", "allowed"),
        ("anthropic-fast-input-tokens-limit", "5"),
        ("content-type", "x"),
    ]
    assert rate_limits(fields) == (
        ("retry-after", "12"),
        ("anthropic-ratelimit-unified-status", "allowed"),
        ("anthropic-fast-input-tokens-limit", "5"),
    )


def test_a_query_parameter_is_judged_by_the_same_rules():
    assert is_secret("X-Amz-Signature")
    assert not is_secret("max_tokens")
