"""The messages of the local API, for its server and its clients: exchanges, notices and chunks as JSON."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.exchange import Exchange
from candela_tui.providers.identity import ACCOUNTS, PROVIDERS, Provider, RouteName
from candela_tui.providers.refusal_memory import Remembered

SNAPSHOTS = "snapshots"
"""The path for exchanges in candela's internal form, for an attached candela of the same version."""

SNAPSHOT, EXCHANGE, NOTICE, MISSED, CREDENTIALS = "snapshot", "exchange", "notice", "missed", "credentials"
INTERCEPT = "intercept"
"""Event name: the intercept is set, for as long as the stream lasts."""
REMOVED = "removed"
"""Event name: ids of requests that were removed from the store."""
REQUEST = "request"
"""Event names: ``request`` has the record of an exchange, ``exchange`` is for an attached candela."""


class NotUnderstood(Exception):
    """A message that this version of candela does not understand."""


class About(msgspec.Struct, frozen=True):
    """The running candela, and where its requests go."""

    name: str
    version: str
    pid: int
    started_at: datetime
    address: str
    """Its host and port."""
    route: RouteName
    """The route for requests to the bare base URL."""
    base_url: str
    """The provider's URL for that route."""
    live: int
    """The number of requests in flight."""
    shares_store: bool = False
    """Whether other candelas store their requests in the same database, which this one's events do not tell."""


class Me(msgspec.Struct, frozen=True):
    """Who asks the local API, and what they may see."""

    name: str
    """The user of this machine, the e-mail address of a person, or the name of a key."""
    team: str | None
    roles: tuple[str, ...]
    sees: str
    """Whose requests: ``own``, ``team`` or ``all``."""


class Snapshot(msgspec.Struct, frozen=True):
    """The first event of a stream."""

    about: About
    live: tuple[str, ...]
    """The ids of the live exchanges; an event for each of them follows."""


class Done(msgspec.Struct, frozen=True):
    """What was asked for is done, and there is nothing to say of it."""


class Unlock(msgspec.Struct, frozen=True):
    """The passphrase that opens the encrypted file of secrets."""

    passphrase: str

    def __repr__(self) -> str:
        return "Unlock(…)"


class PostedNotice(msgspec.Struct, frozen=True):
    """A notice from another program of the same user."""

    text: str


class PageLink(msgspec.Struct, frozen=True):
    """A link that opens the dashboard in a browser, once."""

    path: str
    """The path and query of its URL, with a token."""


class Credentials(msgspec.Struct, frozen=True):
    """The state of the credentials for one provider, identified by the name of its sign-in."""

    provider: str
    standing: Standing
    until: datetime | None = None
    words: str = ""

    @classmethod
    def of(cls, state: CredentialState) -> "Credentials":
        """Return the message for a credential state."""
        return cls(PROVIDERS[state.provider].account, state.standing, state.until, state.words)

    @property
    def state(self) -> CredentialState | None:
        """Return the credential state, or None if this version does not know the provider."""
        provider = ACCOUNTS.get(self.provider)
        return CredentialState(provider, self.standing, self.until, self.words) if provider is not None else None


class Refusal(msgspec.Struct, frozen=True):
    """A part of a request that a model refused, and that is left out until a time."""

    provider: Provider
    model: str
    """The provider's id of the model."""
    counts: bool
    """Whether it was refused in a token count, instead of a message."""
    part: str
    """``beta`` or ``field``."""
    name: str
    """The flag, or the field's place."""
    message: str
    """The provider's words."""
    until: datetime
    certain: bool
    """False if the message named no flag, and this is one of those that it may have meant."""

    @classmethod
    def of(cls, told: Remembered) -> "Refusal":
        """Return the message for a remembered refusal."""
        until = told.until.replace(microsecond=0)
        return cls(told.provider, told.model, told.counts, told.what, told.name, told.said, until, told.certain)


class Forgotten(msgspec.Struct, frozen=True):
    """The number of refusals that were forgotten."""

    forgotten: int


class SetIntercept(msgspec.Struct, frozen=True):
    """The requests to hold, as a filter."""

    filter: str


class InterceptState(msgspec.Struct, frozen=True):
    """What is intercepted and held."""

    filters: tuple[str, ...]
    """One for each connection that holds requests."""
    held: tuple[str, ...]
    """The ids of the held requests."""
    longest_s: float
    """Seconds after which a held request goes on unchanged."""


class Released(msgspec.Struct, frozen=True):
    """A held request went on."""

    changed: bool
    """Whether the body that was given differs from the request's own."""


class RulesState(msgspec.Struct, frozen=True):
    """Where the rules in force come from."""

    file: str
    """The config.toml that is followed."""
    trouble: str | None = None
    """Why the file can't be used now, so that the rules are those that it had before."""


class ReplayOffer(msgspec.Struct, frozen=True):
    """What sending a request again is expected to cost, in USD; None: not known."""

    low_usd: Decimal | None
    high_usd: Decimal | None


class Sent(msgspec.Struct, frozen=True):
    """A request was sent again."""

    id: str
    """The id of the new request."""


class Gone(msgspec.Struct, frozen=True):
    """Requests that were removed from the store."""

    ids: tuple[str, ...]


class Chunk(msgspec.Struct, frozen=True):
    """A part of a response's body, as received. ``data`` is base64 in JSON."""

    at_ms: float
    """Milliseconds since the request was received."""
    data: bytes


_ENCODER = msgspec.json.Encoder()
_EXCHANGES = msgspec.json.Decoder(Exchange)


def encode(value: Any) -> bytes:
    """Encode a message as one line of JSON. Money is text, so that every digit is kept; times are RFC 3339."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        # Header bytes that are not UTF-8 are text with lone surrogates, which JSON can only hold escaped.
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def decode_exchange(data: bytes) -> Exchange:
    """Undo ``encode`` for an exchange. Raises NotUnderstood."""
    try:
        return _EXCHANGES.decode(data)
    except msgspec.ValidationError as error:
        raise NotUnderstood(str(error)) from error
    except msgspec.DecodeError:
        return _decode_escaped(data)


def _decode_escaped(data: bytes) -> Exchange:
    try:
        return msgspec.convert(json.loads(data), Exchange)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise NotUnderstood(str(error)) from error
