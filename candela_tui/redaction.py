"""Redaction: the forms of credentials, and how they are kept out of whatever is stored, shown, logged or exported.

Bodies are not redacted: they are the user's own conversation and are kept byte for byte.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import unquote, unquote_plus

REDACTED = "[redacted]"
"""The replacement for a secret."""
_REDACTED_IN_URL = "redacted"
"""The replacement in a URL, where brackets would need encoding."""


@dataclass(frozen=True, slots=True)
class SecretForm:
    """A kind of credential that can be recognised by its value alone."""

    provider: str
    name: str
    pattern: str
    """A regular expression without capturing groups. It begins with a literal if the form has a fixed beginning, which
    makes the search fast; the character before it is checked after the literal."""
    source: str


KEY_BEGINNING = "ck_live_"
"""The beginning of candela's own keys. Lists and messages show the next eight characters as well."""

_ANTHROPIC = "https://platform.claude.com/docs/en/api/admin-api, and the client's own requests"
_GOOGLE = "https://docs.cloud.google.com/docs/authentication/token-types"
_AWS_IDS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"
_BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html"
_PLATFORM = "https://docs.aws.amazon.com/claude-platform/latest/userguide/authentication.html, and AWS's key generator"


_SECRET_ACCESS_KEY = SecretForm(
    "AWS",
    "secret access key",
    # 40 characters with capital letters, small letters and digits, unlike words, hashes and most paths.
    r"(?<![A-Za-z0-9/+=])(?=[a-z0-9/+]*[A-Z])(?=[A-Z0-9/+]*[a-z])(?=[A-Za-z/+]*[0-9])[A-Za-z0-9/+]{40}"
    r"(?![A-Za-z0-9/+=])",
    "https://github.com/awslabs/git-secrets (1.3.0)",
)
_AZURE_MARK = "JQQJ9"
_AZURE_KEY = SecretForm(
    "Azure",
    "resource key",
    # 84 characters with a fixed mark in the middle. Older keys are 32 hexadecimal digits, like many hashes.
    rf"(?<![A-Za-z0-9])[A-Za-z0-9]{{52}}{_AZURE_MARK}[9DH][A-Za-z0-9]{{26}}(?![A-Za-z0-9])",
    "https://github.com/microsoft/security-utilities (common annotated security keys)",
)


def _after_scheme(rest: str) -> str:
    """Return a pattern for a scheme and its credentials, which must not look like English words."""
    one = r"(?=[^\s\"',]*(?:[0-9]|[a-z][A-Z]|[=+/~]))[^\s\"',]{6,}"
    return rf"B(?i:{rest}) +{one}|b{rest} +{one}"


SECRET_FORMS = (
    SecretForm("Anthropic", "API key, OAuth access or refresh token, admin key", r"sk-ant-[\w-]{3,}", _ANTHROPIC),
    SecretForm("gateways", "API key", r"sk-(?<![A-Za-z0-9]sk-)[\w-]{8,}", "OpenAI, OpenRouter and LiteLLM keys"),
    SecretForm("candela", "key", KEY_BEGINNING + rf"(?<![A-Za-z0-9]{KEY_BEGINNING})[A-Za-z0-9]{{16,}}", "keys/key.py"),
    SecretForm("Google", "access token", r"ya29\.[\w-]{4,}[\w.-]*", _GOOGLE),
    SecretForm("Google", "refresh token", r"1//(?<![\w.]1//)[\w-]{8,}", _GOOGLE),
    SecretForm("Google", "OAuth client secret", r"GOCSPX-[\w-]{6,}", "https://console.cloud.google.com/auth/clients"),
    SecretForm("Google", "API key", r"AIza(?<![A-Za-z0-9]AIza)[\w-]{30,}", _GOOGLE),
    SecretForm("AWS", "long-term access key ID", r"AKIA(?<![A-Za-z0-9]AKIA)[A-Z0-9]{12,}", _AWS_IDS),
    SecretForm("AWS", "temporary access key ID", r"ASIA(?<![A-Za-z0-9]ASIA)[A-Z0-9]{12,}", _AWS_IDS),
    _SECRET_ACCESS_KEY,
    SecretForm("AWS", "session token", r"IQoJb3JpZ2lu[\w/+=%-]{8,}|F[Qw]oGZXIvYXdz[\w/+=%-]{8,}", "AWS STS answers"),
    SecretForm("AWS", "Bedrock API key", r"ABSK(?<![A-Za-z0-9]ABSK)[A-Za-z0-9/+]{8,}=*", _BEDROCK),
    SecretForm("AWS", "short-term Bedrock API key", r"bedrock-api-key-[\w/+=%-]{4,}", _BEDROCK),
    SecretForm("AWS", "Claude Platform API key", r"AEAA(?<![A-Za-z0-9/+]AEAA)[A-Za-z0-9/+]{16,}=*", _PLATFORM),
    SecretForm("AWS", "short-term Claude Platform API key", r"aws-external-anthropic-api-key-[\w/+=%-]{4,}", _PLATFORM),
    _AZURE_KEY,
    SecretForm("any", "JSON Web Token", r"eyJ(?<![A-Za-z0-9]eyJ)[\w-]{8,}(?:\.[\w-]+)*", "RFC 7519"),
    SecretForm(
        "any",
        "private key",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        "RFC 7468",
    ),
    SecretForm("any", "bearer token", _after_scheme("earer"), "RFC 6750"),
    SecretForm("any", "basic credentials", _after_scheme("asic"), "RFC 7617"),
    SecretForm("any", "password in a URL", r"//(?<=://)[^/\s@\"']+@", "RFC 3986, section 3.2.1"),
)

# If every alternative begins with a literal, the search skips all other characters and is three times as fast. So the
# forms without a fixed beginning have searches of their own: one in texts that are long enough, the other in texts that
# contain its mark.
_LATER = (_AZURE_KEY, _SECRET_ACCESS_KEY)
_WITH_BEGINNING = re.compile("|".join(form.pattern for form in SECRET_FORMS if form not in _LATER))
_WITHOUT_BEGINNING = re.compile(_SECRET_ACCESS_KEY.pattern)
_AZURE = re.compile(_AZURE_KEY.pattern)
_SHORTEST = 8
_SHORTEST_WITHOUT_BEGINNING = 40
_SCHEMES = frozenset({"aws4-hmac-sha256", "basic", "bearer", "digest", "negotiate", "token"})
_SCHEMES_OF_SECRETS = ("bearer ", "basic ")
"""The rest of a value with one of these schemes is secret, whatever the name of the field."""

# A name that contains one of these counts as secret: redacting too much does less harm than redacting too little.
_SECRET_NAME = re.compile(
    r"auth|cookie|credential|jwt|passphrase|passw(?:or)?d|secret|signature|token|api-?key|(?:^|-)key$"
)
_HARMLESS_NAME = re.compile(
    r"access-control-allow-.*|anthropic-dangerous-direct-browser-access|idempotency-key|(proxy|www)-authenticate"
    r"|sec-websocket-key|.*-author|.*authority"
    # Counts of tokens: anthropic-ratelimit-input-tokens-remaining, x-amzn-bedrock-output-token-count, max-tokens
    r"|(.*-)?tokens?-(count|limit|remaining|reset)|(.*-)?(input|output|max|total)-tokens"
)


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Return whether a header field, query parameter or variable with this name may hold a credential.

    Counts of tokens ("…-tokens-remaining") are no credentials.
    """
    name = name.lower().replace("_", "-")
    return _SECRET_NAME.search(name) is not None and _HARMLESS_NAME.fullmatch(name) is None


def has_secret(text: str) -> bool:
    """Return whether a text contains a credential of a known form."""
    return len(text) >= _SHORTEST and (
        _WITH_BEGINNING.search(text) is not None
        or (len(text) >= _SHORTEST_WITHOUT_BEGINNING and _WITHOUT_BEGINNING.search(text) is not None)
        or (_AZURE_MARK in text and _AZURE.search(text) is not None)
    )


def providers_of_secrets(value: str) -> frozenset[str]:
    """Return the providers in ``SECRET_FORMS`` whose credentials a value is or contains.

    A secret access key has no fixed part and may as well be a key of some gateway, so it shows none."""
    # One credential may contain what looks like another, so only what does not overlap counts.
    patterns = _patterns_of_providers()
    found = [*_of_a_provider().finditer(value), *_AZURE.finditer(value)]
    return frozenset(next(provider for provider, form in patterns if form.match(value, one.start())) for one in found)


_NAMING = tuple(form for form in SECRET_FORMS if form.provider != "any" and form is not _SECRET_ACCESS_KEY)


@cache
def _patterns_of_providers() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((form.provider, re.compile(form.pattern)) for form in _NAMING)


@cache
def _of_a_provider() -> re.Pattern[str]:
    return re.compile("|".join(form.pattern for form in _NAMING if form is not _AZURE_KEY))


def redact_text(text: str) -> str:
    """Return a text with every credential of a known form replaced."""
    text = _WITHOUT_BEGINNING.sub(REDACTED, _WITH_BEGINNING.sub(_kept_around, text))
    return _AZURE.sub(REDACTED, text) if _AZURE_MARK in text else text


def _kept_around(found: re.Match[str]) -> str:
    """Return the replacement for a match; the scheme of an authorization and the marks of a URL stay."""
    if found[0].startswith("//"):
        return f"//{REDACTED}@"
    return _redacted_field(found[0])


def redact_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return header fields with every secret value replaced, judged by its name and by its form.

    The scheme of an authorization stays ("Bearer [redacted]").
    """
    return tuple(
        (name, _redacted_field(value) if is_secret_name(name) or _is_secret_value(value) else value)
        for name, value in headers
    )


def _is_secret_value(value: str) -> bool:
    return has_secret(value) or value[:7].lower().startswith(_SCHEMES_OF_SECRETS)


def _redacted_field(value: str) -> str:
    scheme, space, rest = value.partition(" ")
    return f"{scheme} {REDACTED}" if space and rest and scheme.lower() in _SCHEMES else REDACTED


def redact_url(url: str) -> str:
    """Return a URL, or its path and query, with every secret replaced, judged by parameter names and by form."""
    place, question, query = url.partition("?")
    if "%" in place:
        place = "/".join(_REDACTED_IN_URL if has_secret(unquote(part)) else part for part in place.split("/"))
    if has_secret(place):
        place = redact_text(place).replace(REDACTED, _REDACTED_IN_URL)
    return f"{place}?{'&'.join(map(_redacted_parameter, query.split('&')))}" if question else place


def _redacted_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if has_secret(unquote_plus(name)):
        return _REDACTED_IN_URL
    if value and (is_secret_name(unquote_plus(name)) or _is_secret_value(unquote_plus(value))):
        return f"{name}{equals}{_REDACTED_IN_URL}"
    return parameter
