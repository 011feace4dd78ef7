"""The price data of the package in the form in which newer data is published."""

import dataclasses
import json
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any

from genai_prices import types
from genai_prices.data_snapshot import get_snapshot

_NAMES = {"or_": "or", "and_": "and"}


def published(change: Callable[[list[Any]], object] = lambda _: None) -> bytes:
    """The data as JSON, after a change of the document."""
    document = _raw(get_snapshot().providers)
    change(document)
    return json.dumps(document).encode()


def model(document: list[Any], price_list: str, model_id: str) -> Any:
    """One model of the document."""
    models = next(each["models"] for each in document if each["id"] == price_list)
    return next(each for each in models if each["id"] == model_id)


def _raw(value: Any) -> Any:
    if isinstance(value, types.ModelPrice):
        return {name: _raw(price) for name, price in value.__dict__.items() if price is not None}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        kept = {name: each for name, each in named.items() if each is not None and not name.startswith("_")}
        return {_NAMES.get(name, name): _raw(each) for name, each in kept.items()}
    if isinstance(value, list | tuple):
        return [_raw(each) for each in value]
    if isinstance(value, dict):
        return {name: _raw(each) for name, each in value.items()}
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else value
