"""Whose a credential is, and on which routes it goes on: every form on every route."""

import asyncio
import base64
import json
from typing import Any

import aiohttp
import pytest

from candela_tui.config import Settings
from candela_tui.credentials.owner import NONE_ACCEPTED, Accepts, Owner, client_credentials, owner_of
from candela_tui.network.origins import Origins
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.identity import RouteName
from candela_tui.providers.registry import open_upstreams


def token(**claims: Any) -> str:
    """A JSON Web Token with these claims."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)]
    return f"eyJ{parts[0][3:]}.{parts[1]}.c2lnbmVk"


ENTRA = "https://login.microsoftonline.com/72f988bf/v2.0"
SIGNATURE = "AWS4-HMAC-SHA256 Credential=AKIA/20261128/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=ab"

FORMS = {
    "": Owner.NOBODY,
    "candela": Owner.NOBODY,
    "skip-foundry-auth": Owner.NOBODY,
    "sk-ant-api03-0a1B2c3D4e5F": Owner.ANTHROPIC,
    "sk-ant-oat01-x": Owner.ANTHROPIC,
    "sk-ant-admin01-0a1B2c3D": Owner.ANTHROPIC,
    "ya29.a0AeXample_0a1B2c3D4e5F": Owner.GOOGLE,
    "AIzaExample0a1B2c3D4e5F6g7H8i9J0k1L2m3": Owner.GOOGLE,
    token(iss="me@project.iam.gserviceaccount.com", scope="cloud-platform"): Owner.GOOGLE,
    token(iss="me@project.iam.gserviceaccount.com", aud="https://aiplatform.googleapis.com/"): Owner.GOOGLE,
    "ABSKQmVkcm9ja0FQSUtleS1leGFtcGxlLWtleQ==": Owner.AWS,
    "bedrock-api-key-YmVkcm9jay5leGFtcGxlLzA=": Owner.AWS,
    "AEAAQWVhQXBpS2V5LWV4YW1wbGUta2V5LTE=": Owner.AWS,
    "aws-external-anthropic-api-key-ZXhhbXBsZS8=": Owner.AWS,
    "AKIAIOSFODNN7EXAMPLE": Owner.AWS,
    f"{'0a1B2c3D4e5F6' * 4}JQQJ99BLAC{'0a1B2c3D4e5' * 2}": Owner.AZURE,
    token(iss="https://sts.windows.net/72f988bf/", aud="https://cognitiveservices.azure.com"): Owner.AZURE,
    token(iss=ENTRA, aud=["https://ai.azure.com/"]): Owner.AZURE,
    token(iss=ENTRA, aud="18a66f5f-dbdf-4c17-9dd7-1634712a9cbe"): Owner.AZURE,
    token(iss=ENTRA, aud="api://our-gateway"): Owner.UNKNOWN,
    token(iss="https://accounts.google.com", aud="1234.apps.googleusercontent.com"): Owner.UNKNOWN,
    token(iss="https://sso.example", aud="gateway"): Owner.UNKNOWN,
    token(): Owner.UNKNOWN,
    "eyJhbGciOiJIUzI1NiJ9.not base64.c2lnbmVk": Owner.UNKNOWN,
    "eyJ.%%%.c": Owner.UNKNOWN,
    f"eyJhbGciOiJub25lIn0.{'x' * 20_000}.c": Owner.UNKNOWN,
    "sk-litellm-0a1B2c3D4e5F": Owner.UNKNOWN,
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": Owner.UNKNOWN,
    "0123456789abcdef0123456789abcdef": Owner.UNKNOWN,
    "own": Owner.UNKNOWN,
}


@pytest.mark.parametrize(("value", "owner"), FORMS.items(), ids=lambda value: str(value)[:40])
def test_a_credentials_owner_is_known_by_its_form(value: str, owner: Owner) -> None:
    assert owner_of(value) is owner
    assert owner_of(f" {value} ") is owner
    for scheme in ("Bearer ", "bearer  ", "BEARER\t"):
        assert owner_of(scheme + value) is owner


@pytest.mark.parametrize(
    "value",
    [SIGNATURE, SIGNATURE.lower(), "AWS4-ECDSA-P256-SHA256 Credential=AKIA/20261128/bedrock", "Bearer", "bearer "],
)
def test_a_signature_or_a_scheme_alone_is_nobodys(value: str) -> None:
    assert owner_of(value) is Owner.NOBODY


@pytest.mark.parametrize(
    ("value", "owner"),
    [
        ("Bearer Bearer candela", Owner.NOBODY),
        ("Bearer Bearer sk-ant-oat01-x", Owner.ANTHROPIC),
        ('Bearer "sk-ant-oat01-x"', Owner.ANTHROPIC),
        ("Token sk-ant-oat01-x", Owner.ANTHROPIC),
        ("Bearer candela, Bearer sk-ant-oat01-x", Owner.ANTHROPIC),
        ("team:sk-ant-oat01-x", Owner.ANTHROPIC),
        ("'candela'", Owner.NOBODY),
        ("Bearer sk-ant-oat01-x1, Bearer sk-ant-oat01-x2", Owner.ANTHROPIC),
        ("Bearer sk-ant-oat01-x1, Bearer ya29.a0AeXample", Owner.NOBODY),
        (f"ya29.a0AeXample;{'0a1B2c3D4e5F6' * 4}JQQJ99BLAC{'0a1B2c3D4e5' * 2}", Owner.NOBODY),
        ("bedrock-api-key-YmVkcm9j/1//b2tmb3JleGFtcGxl", Owner.AWS),
    ],
)
def test_a_credential_that_was_set_by_mistake_with_more_around_it_is_known_too(value: str, owner: Owner) -> None:
    assert owner_of(value) is owner


def test_the_secret_of_another_scheme_is_of_unknown_form() -> None:
    assert owner_of("Basic dXNlcjpwYXNzd29yZA==") is Owner.UNKNOWN


GATEWAY = "a gateway at anthropic-direct"
NONE: tuple[set[str], set[Owner]] = (set(), set())
ROUTES: dict[str, tuple[set[str], set[Owner]]] = {
    RouteName.DIRECT: ({"authorization", "x-api-key"}, {Owner.ANTHROPIC, Owner.UNKNOWN}),
    GATEWAY: ({"authorization", "x-api-key", "api-key", "x-goog-api-key"}, set(Owner) - {Owner.NOBODY}),
    RouteName.VERTEX: NONE,
    RouteName.BEDROCK: NONE,
    RouteName.CHAT: NONE,
    RouteName.VERTEX_NATIVE: ({"authorization", "x-goog-api-key"}, {Owner.GOOGLE, Owner.UNKNOWN}),
    RouteName.BEDROCK_NATIVE: ({"authorization"}, {Owner.AWS, Owner.UNKNOWN}),
    RouteName.MANTLE: ({"authorization", "x-api-key"}, {Owner.AWS, Owner.UNKNOWN}),
    RouteName.CLAUDE_AWS: ({"authorization", "x-api-key"}, {Owner.AWS, Owner.UNKNOWN}),
    RouteName.FOUNDRY: ({"authorization", "x-api-key", "api-key"}, {Owner.AZURE, Owner.UNKNOWN}),
    RouteName.CLAUDE_GOOGLE_CLOUD: ({"authorization"}, {Owner.GOOGLE, Owner.UNKNOWN}),
}
"""By route: the fields whose credentials it passes on, and whose."""


@pytest.fixture(scope="module")
def rules() -> dict[str, Accepts]:
    """The rule of each upstream, as the proxy opens it."""

    async def opened() -> dict[str, Accepts]:
        found: dict[str, Accepts] = {}
        async with aiohttp.ClientSession() as session:
            attempts = Attempts(session, Origins(0))
            gateway = Settings.model_validate({"anthropic": {"base_url": "https://gateway.example/anthropic"}})
            upstreams = open_upstreams(gateway, attempts, None, lambda _: None)
            found[GATEWAY] = upstreams[RouteName.DIRECT].accepts
            of_default = open_upstreams(Settings(), attempts, None, lambda _: None)
            found |= {name: upstream.accepts for name, upstream in of_default.items()}
            for upstream in (*upstreams.values(), *of_default.values()):
                await upstream.close()
        return found

    return asyncio.run(opened())


def test_every_route_has_a_rule(rules: dict[str, Accepts]) -> None:
    assert set(rules) == set(ROUTES)


@pytest.mark.parametrize(("value", "owner"), FORMS.items(), ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("route", ROUTES)
def test_a_credential_goes_only_where_it_belongs(
    rules: dict[str, Accepts], route: str, value: str, owner: Owner
) -> None:
    fields, owners = ROUTES[route]
    for field in ("Authorization", "x-api-key", "API-Key", "X-Goog-Api-Key"):
        given = [("X-Before", "1"), (field, f"Bearer {value}" if field == "Authorization" else value), ("X-After", "2")]
        passed = field.lower() in fields and owner in owners
        sorted_ = client_credentials(given, rules[route])
        assert sorted_.headers == (given if passed else [given[0], given[2]]), field
        assert (sorted_.accepted, sorted_.withheld) == (passed, not passed), field


@pytest.mark.parametrize("route", ROUTES)
def test_a_signature_for_candelas_address_goes_nowhere(rules: dict[str, Accepts], route: str) -> None:
    given = [
        ("Authorization", SIGNATURE),
        ("X-Amz-Date", "20261128T000000Z"),
        ("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEXAMPLE"),
        ("x-amz-content-sha256", "0" * 64),
        ("X-Amzn-Bedrock-Trace", "ENABLED"),
    ]
    sorted_ = client_credentials(given, rules[route])
    assert (sorted_.headers, sorted_.accepted) == (given[-1:], False)


@pytest.mark.parametrize(
    ("route", "given", "sent"),
    [
        (
            RouteName.DIRECT,
            {"Authorization": "Bearer candela", "x-api-key": "sk-ant-api03-own"},
            {"x-api-key": "sk-ant-api03-own"},
        ),
        (
            RouteName.DIRECT,
            {"Authorization": "Bearer ya29.a0AeXample", "x-api-key": "sk-ant-api03-own"},
            {"x-api-key": "sk-ant-api03-own"},
        ),
        (
            GATEWAY,
            {"Authorization": "Bearer skip-foundry-auth", "api-key": "0123456789abcdef0123456789abcdef"},
            {"api-key": "0123456789abcdef0123456789abcdef"},
        ),
        (
            RouteName.VERTEX_NATIVE,
            {"Authorization": "Bearer ya29.a0AeXample", "x-api-key": "sk-ant-api03-own"},
            {"Authorization": "Bearer ya29.a0AeXample"},
        ),
        (RouteName.VERTEX_NATIVE, {"Authorization": "Bearer sk-ant-oat01-x", "x-api-key": "sk-ant-api03-own"}, {}),
        (
            RouteName.MANTLE,
            {"Authorization": "Bearer candela", "x-api-key": "AEAAQWVhQXBpS2V5LWV4YW1wbGUta2V5LTE="},
            {"x-api-key": "AEAAQWVhQXBpS2V5LWV4YW1wbGUta2V5LTE="},
        ),
        (RouteName.CLAUDE_AWS, {"Authorization": "Bearer sk-ant-oat01-x", "x-api-key": "sk-ant-oat01-x"}, {}),
        (
            RouteName.BEDROCK_NATIVE,
            {"Authorization": "Bearer ABSKQmVkcm9ja0FQSUtleQ==", "x-api-key": "sk-ant-api03-own"},
            {"Authorization": "Bearer ABSKQmVkcm9ja0FQSUtleQ=="},
        ),
    ],
)
def test_of_two_credentials_the_right_one_goes_on(
    rules: dict[str, Accepts], route: str, given: dict[str, str], sent: dict[str, str]
) -> None:
    sorted_ = client_credentials(list(given.items()), rules[route])
    assert dict(sorted_.headers) == sent
    assert sorted_.accepted is bool(sent)


@pytest.mark.parametrize("field", ["Cookie", "x-litellm-api-key", "cf-aig-authorization", "X-Own"])
@pytest.mark.parametrize("route", ROUTES)
def test_what_is_known_to_be_someone_elses_goes_on_in_no_other_field_either(
    rules: dict[str, Accepts], route: str, field: str
) -> None:
    own = Owner.ANTHROPIC if route == RouteName.DIRECT else rules[route].owner
    for value, owner in FORMS.items():
        named = owner not in (Owner.NOBODY, Owner.UNKNOWN) and not value.startswith("eyJ")
        passed = route == GATEWAY or not named or owner is own
        for text in (value, f"session={value}; theme=dark"):
            found = client_credentials([("X-Before", "1"), (field, text)], rules[route])
            assert ((field, text) in found.headers) is (passed or rules[route] is NONE_ACCEPTED), text
            assert not found.accepted
