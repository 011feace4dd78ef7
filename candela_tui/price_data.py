"""The price data of genai-prices: what the package brings, or the newer data that the user fetched.

Loading takes a few hundred milliseconds, so nothing is loaded before the first price is asked for.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from candela_tui.files import write_atomically
from candela_tui.price_file import price_file
from candela_tui.providers.identity import PROVIDERS

if TYPE_CHECKING:
    from genai_prices import types as genai
    from genai_prices.data_snapshot import DataSnapshot

UPDATE_URL: Final = (
    "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json"
)
"""Where genai-prices 0.2.3 itself gets newer data from (``update_prices.DEFAULT_UPDATE_URL``)."""
LARGEST: Final = 16 << 20
"""Bytes; the data of November 2026 is a tenth of it."""
PRICE_LISTS: Final = tuple(dict.fromkeys(row.price_list for row in PROVIDERS.values()))
_HIGHEST_PRICE = Decimal(10_000)
"""USD per million tokens, and per 1000 requests: a hundred times the highest of November 2026."""
_LARGEST_CHANGE = Decimal(20)
"""By how much a known price may change at once, up or down."""
_MOST_MISSING = 0.25
"""The share of known models that may be gone from a price list: old ones are removed from time to time."""


class UnusableData(ValueError):
    """Price data that can't be used. The message says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the price data in use is from."""

    version: str
    """Such as ``genai-prices 0.2.3``; kept with each cost."""
    source: str
    """The package, or the URL or file that newer data was fetched from."""
    updated_at: datetime | None = None
    """When newer data was fetched; None for the package's."""
    ignored: str | None = None
    """Why the data that was fetched is not in use, as a sentence."""


@dataclass(frozen=True, slots=True)
class _Head:
    """The first line of the file with fetched data."""

    source: str
    fetched_at: str
    package: str
    """The version of genai-prices that the data was newer than. A later package has newer data of its own."""
    sha256: str
    """Of the rest of the file."""


def package_version() -> str:
    """Return the version of the package with the data."""
    from importlib.metadata import version

    return version("genai-prices")


@cache
def loaded() -> tuple["DataSnapshot", Origin]:
    """Return the price data in use, and where it is from. Blocks while it is loaded."""
    from genai_prices.data_snapshot import DataSnapshot, get_snapshot

    package = package_version()
    own = Origin(f"genai-prices {package}", "the package genai-prices")
    path = price_file()
    if path is None or not path.exists():
        return get_snapshot(), own
    try:
        head, providers = _read(path)
    except (OSError, UnusableData) as error:
        words = str(error) if isinstance(error, UnusableData) else f"It can't be read: {error.strerror}."
        return get_snapshot(), Origin(own.version, own.source, ignored=f"{path} is not used. {words}")
    if head.package != package:
        words = f"it is older than genai-prices {package}. `candela prices update` fetches newer data."
        return get_snapshot(), Origin(own.version, own.source, ignored=f"{path} is not used: {words}")
    at = datetime.fromisoformat(head.fetched_at)
    return DataSnapshot(providers, from_auto_update=False), Origin(version_of(at, head.sha256), head.source, at)


def version_of(fetched_at: datetime, sha256: str) -> str:
    """Return the version of fetched data: ``genai-prices of 2026-11-28 (1f0c7a2e)``."""
    return f"genai-prices of {fetched_at.astimezone(UTC):%Y-%m-%d} ({sha256[:8]})"


def checked(text: bytes) -> bytes:
    """Check fetched data, and return the part of it that is used: the price lists of candela's providers.

    Raises UnusableData.
    """
    if len(text) > LARGEST:
        raise UnusableData(f"It is larger than {LARGEST >> 20} MB.")
    document = _document(text)
    kept = [each for each in document if isinstance(each, dict) and each.get("id") in PRICE_LISTS]
    providers = _providers(kept)
    _require_sane(providers)
    return json.dumps(kept, separators=(",", ":")).encode()


def write(path: Path, data: bytes, source: str, at: datetime) -> str:
    """Keep checked data for the next loads, and return its version. Raises OSError."""
    digest = hashlib.sha256(data).hexdigest()
    head = _Head(source, at.astimezone(UTC).isoformat(timespec="seconds"), package_version(), digest)
    write_atomically(path, json.dumps(asdict(head)).encode() + b"\n" + data)
    loaded.cache_clear()
    return version_of(at, digest)


def _read(path: Path) -> tuple[_Head, list["genai.Provider"]]:
    first, _, data = path.read_bytes().partition(b"\n")
    try:
        head = _Head(**json.loads(first))
        datetime.fromisoformat(head.fetched_at)
    except (ValueError, TypeError):
        raise UnusableData("Its first line is damaged.") from None
    if hashlib.sha256(data).hexdigest() != head.sha256:
        raise UnusableData("It is damaged: its hash is another one.")
    return head, _providers(_document(data))


def _document(text: bytes) -> list[Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableData("It is not JSON.") from None
    if not isinstance(document, list):
        raise UnusableData("It is not a list of providers.")
    return document


def _providers(document: list[Any]) -> list["genai.Provider"]:
    """Return the providers of a document, by genai-prices' own schema. Raises UnusableData."""
    from genai_prices import types
    from pydantic import ValidationError

    try:
        # As its UpdatePrices.fetch does (0.2.3); a test notices if that changes.
        return types._providers_from_raw(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UnusableData(f"It does not have the form of genai-prices {package_version()} (at {place}).") from None
    except (ValueError, TypeError, AttributeError):
        raise UnusableData(f"It does not have the form of genai-prices {package_version()}.") from None


def _require_sane(providers: list["genai.Provider"]) -> None:
    """Require every price list, nearly every Claude model that the package has, and prices of the same order."""
    from genai_prices.data_snapshot import DataSnapshot, get_snapshot

    known = {each.id: each for each in get_snapshot().providers}
    fetched = DataSnapshot(providers, from_auto_update=False)
    now = datetime.now(UTC)
    for provider in providers:
        for model in provider.models:
            _require_numbers(model)
    for list_id in PRICE_LISTS:
        if all(each.id != list_id for each in providers):
            raise UnusableData(f"It has no price list {list_id}.")
        models = [model for model in known[list_id].models if "claude" in model.id]
        missing = []
        for model in models:
            found = _same_model(model, fetched, list_id)
            if found is None:
                missing.append(model.id)
            else:
                _require_near(model, found, now)
        if len(missing) > len(models) * _MOST_MISSING:
            raise UnusableData(f"The price list {list_id} lacks {len(missing)} models, such as {missing[0]}.")


def _same_model(model: "genai.ModelInfo", fetched: "DataSnapshot", list_id: str) -> "genai.ModelInfo | None":
    """Return the model with this id, or else the one that its id is matched to now."""
    models = next(each.models for each in fetched.providers if each.id == list_id)
    found = next((each for each in models if each.id == model.id), None)
    if found is not None:
        return found
    try:
        return fetched.find_provider_model(model.id, None, list_id, None)[1]
    except LookupError:
        return None


def _require_numbers(model: "genai.ModelInfo") -> None:
    prices = [model.prices] if not isinstance(model.prices, list) else [each.prices for each in model.prices]
    if not prices:
        raise UnusableData(f"{model.id} has no prices.")
    for price in (*prices, *(variant.prices for variant in model.price_variants or ())):
        for name, value in price.__dict__.items():
            for number in _numbers(value):
                if not (number.is_finite() and 0 <= number <= _HIGHEST_PRICE):
                    raise UnusableData(f"{model.id} has {name} = {number}.")


def _numbers(value: Any) -> list[Decimal]:
    if value is None:
        return []
    return [value] if isinstance(value, Decimal) else [value.base, *(tier.price for tier in value.tiers)]


def _require_near(known: "genai.ModelInfo", fetched: "genai.ModelInfo", now: datetime) -> None:
    before, after = known.get_prices(now), fetched.get_prices(now)
    for name in ("input_mtok", "output_mtok"):
        old, new = (_numbers(getattr(prices, name)) for prices in (before, after))
        if old and (not new or not old[0] / _LARGEST_CHANGE <= new[0] <= old[0] * _LARGEST_CHANGE):
            raise UnusableData(f"{known.id} has {name} = {new[0] if new else 'none'}, after {old[0]}.")
