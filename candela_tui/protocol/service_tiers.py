"""The service tiers of the clouds, which are stated in header fields. Anthropic's own is in the bodies.

Sources, November 2026: https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html (default,
priority, flex, reserved; the response's field is the tier that served it),
https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/priority-paygo and .../flex-paygo (the shared
request type), .../provisioned-throughput (dedicated). Google documents no field of a response for Claude.
"""

from collections.abc import Iterable

STANDARD = "standard"
_FIELDS = ("x-amzn-bedrock-service-tier", "x-vertex-ai-llm-shared-request-type", "x-vertex-ai-llm-request-type")
"""The fields, the one that decides first."""
_STANDARD_NAMES = frozenset({"default", "shared"})
_MOST_CHARACTERS = 40


def tier_in(headers: Iterable[tuple[str, str]]) -> str | None:
    """Return the tier that a request asks a cloud for, or that a cloud says has served it; None if none is stated."""
    stated = {lower: value for name, value in headers if (lower := name.lower()) in _FIELDS}
    tier = next((tier for name in _FIELDS if (tier := stated.get(name, "").strip().lower())), None)
    return STANDARD if tier in _STANDARD_NAMES else tier and tier[:_MOST_CHARACTERS]
