"""What must not be in an answer: secrets, ever; and in a report for others, whose machine and network it is."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from candela_tui.doctor.check_result import CheckResult
from candela_tui.doctor.client_settings import settings_files
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.destination import LOOPBACK
from candela_tui.redaction import REDACTED, is_secret_name, redact_text

_ALSO_SECRET_NAME = re.compile(r"KEY|HEADERS", re.I)
"""Of variables: ANTHROPIC_CUSTOM_HEADERS has values of header fields in it."""
_PLACES = ("_FILE", "_PATH", "_DIR", "_SOCK", "GOOGLE_APPLICATION_CREDENTIALS")
"""Variables whose names end so say where a secret is."""
_FEWEST_OF_PASSWORD = 4
"""In a URL, which is never shown whole."""
_FEWEST_OF_SECRET = 8
"""Shorter values are switches and numbers, and would be found in any words."""
_PUBLIC = ("anthropic.com", "googleapis.com", "amazonaws.com", "amazonaws.com.cn", "claude.com", "claude.ai")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ACCOUNT = re.compile(r"\b\d{12}\b")
_IN_WORDS = re.compile(r"(\bprojects/|\bproject=|\bAWS profile (?!default\b))[\w.:@+-]+")
"""Projects and profiles, as providers and credentials name them."""
_REDIRECT = re.compile(r"(\bredirect to https?://)[^\s/,;]+")
"""The host that a provider's redirect names: no setting names it."""
_PRIVATE_SETTINGS = (("vertex", "project"), ("aws", "profile"))
_PRIVATE_VARIABLES = ("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "AWS_PROFILE")


def without_secrets(checks: Iterable[CheckResult], context: DoctorContext) -> list[CheckResult]:
    """No check quotes a secret; this holds also where a program or provider that it asked did. Blocks."""
    secrets = sorted(set(_secrets(context)), key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, REDACTED)
        return redact_text(text)

    return [replace(check, words=clean(check.words), fix=clean(check.fix)) for check in checks]


def for_others(checks: Iterable[CheckResult], context: DoctorContext) -> list[CheckResult]:
    """Also without home, user, private hosts, projects, profiles, accounts and addresses. Blocks."""
    places = [(str(context.home), "~"), *((host, "[host]") for host in _private_hosts(context))]
    places += [(name, "[name]") for name in _private_names(context)]
    places.sort(key=lambda place: len(place[0]), reverse=True)
    whole_words = [(re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w-])"), shown) for text, shown in places]

    def clean(text: str) -> str:
        for pattern, shown in whole_words:
            text = pattern.sub(shown, text)
        text = _IN_WORDS.sub(r"\1[name]", _REDIRECT.sub(r"\1[host]", text))
        return _ACCOUNT.sub("[account]", _ADDRESS.sub("[address]", text))

    return [
        replace(check, words=clean(check.words), fix=clean(check.fix)) for check in without_secrets(checks, context)
    ]


def _variables(context: DoctorContext) -> Iterator[tuple[str, str]]:
    yield from context.environ.items()
    for file in settings_files(context):
        yield from file.env.items()


def _secrets(context: DoctorContext) -> Iterator[str]:
    for name, value in _variables(context):
        secret = is_secret_name(name) or _ALSO_SECRET_NAME.search(name)
        if secret and len(value) >= _FEWEST_OF_SECRET and not name.endswith(_PLACES):
            yield value
            # Of "Name: value" of a header too, the value alone.
            yield from (word for word in value.split() if len(word) >= _FEWEST_OF_SECRET)
        if "@" in value and "://" in value and (password := _password(value)):
            yield from (word for word in {password, unquote(password)} if len(word) >= _FEWEST_OF_PASSWORD)


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None


def _private_hosts(context: DoctorContext) -> set[str]:
    settings = context.settings
    urls = [settings.anthropic.base_url, settings.vertex.base_url, settings.aws.base_url]
    urls += [value for name, value in _variables(context) if name.upper().endswith(("_URL", "_PROXY"))]
    found = set()
    for url in urls:
        try:
            host = urlsplit(url if url and "://" in url else f"//{url}").hostname if url else None
        except ValueError:
            continue
        if host and host not in LOOPBACK and not host.endswith(_PUBLIC):
            found.add(host)
    return found


def _private_names(context: DoctorContext) -> set[str]:
    named = [getattr(getattr(context.settings, section), key) for section, key in _PRIVATE_SETTINGS]
    named += [value for name, value in _variables(context) if name in _PRIVATE_VARIABLES]
    named += [context.environ.get("USER"), context.environ.get("LOGNAME")]
    return {name for name in named if name and len(name) > 2 and name not in ("default", "root")}
