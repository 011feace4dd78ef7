"""Header fields: found by name, whatever their case."""

from candela_tui.protocol.headers import header, rate_limits


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
