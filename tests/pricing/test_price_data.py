"""Newer price data: checked before it is kept, and used only where it is newer than the package's."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from genai_prices.data_snapshot import get_snapshot

from candela_tui import price_data, price_file
from candela_tui.config import PricingSettings
from candela_tui.listed_prices import listed_prices
from candela_tui.price_data import UnusableData
from candela_tui.pricing import Pricer
from candela_tui.protocol.usage import Usage
from tests.pricing.raw_data import model, published

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)
OPUS = ("anthropic", "claude-opus-4-8")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file in which this process looks for newer data."""
    path = tmp_path / "prices.json"
    monkeypatch.setattr(price_file, "_place", [lambda: path])
    price_data.loaded.cache_clear()
    yield path
    price_data.loaded.cache_clear()


def opus_at_six(document: list[Any]) -> None:
    model(document, *OPUS)["prices"]["input_mtok"] = 6


def cost_of_a_million() -> tuple[Any, str | None]:
    pricer = Pricer(PricingSettings())
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    priced = pricer.price(
        usage,
        provider="anthropic",
        model_asked=OPUS[1],
        model_used=OPUS[1],
        at=AT,
        final=True,  # type: ignore[arg-type]
    )
    return priced.cost and priced.cost.total, priced.prices


def test_the_data_of_the_package_in_published_form_has_the_same_prices(file: Path) -> None:
    before = listed_prices(PricingSettings())
    price_data.write(file, price_data.checked(published()), "there", AT)
    assert listed_prices(PricingSettings()) == before
    assert price_data.loaded()[1].source == "there"


def test_newer_data_is_used_from_then_on_and_each_cost_names_it(file: Path) -> None:
    assert cost_of_a_million() == (5, f"genai-prices {price_data.package_version()}")
    version = price_data.write(file, price_data.checked(published(opus_at_six)), "there", AT)
    assert version.startswith("genai-prices of 2026-11-28 (")
    assert cost_of_a_million() == (6, version)


def test_only_the_price_lists_that_are_used_are_kept() -> None:
    kept = json.loads(price_data.checked(published()))
    assert {each["id"] for each in kept} == set(price_data.PRICE_LISTS)
    assert len(get_snapshot().providers) > len(kept)


def test_data_that_is_older_than_the_package_is_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    price_data.write(file, price_data.checked(published(opus_at_six)), "there", AT)
    monkeypatch.setattr(price_data, "package_version", lambda: "0.2.9")
    assert cost_of_a_million() == (5, "genai-prices 0.2.9")
    assert "older than genai-prices 0.2.9" in (price_data.loaded()[1].ignored or "")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-1],
        lambda text: text.replace(b"claude-opus-4-8", b"claude-opus-4-9", 1),
        lambda text: b"{}\n" + text.partition(b"\n")[2],
        lambda text: b"",
        lambda text: b"\xff" * 10,
    ],
)
def test_a_damaged_file_is_named_and_not_used(file: Path, damage: Callable[[bytes], bytes]) -> None:
    price_data.write(file, price_data.checked(published(opus_at_six)), "there", AT)
    file.write_bytes(damage(file.read_bytes()))
    price_data.loaded.cache_clear()
    assert cost_of_a_million()[0] == 5
    assert str(file) in (price_data.loaded()[1].ignored or "")


def put(name: str, value: Any) -> Callable[[list[Any]], object]:
    return lambda document: model(document, *OPUS)["prices"].update({name: value})


def without_models(document: list[Any]) -> None:
    anthropic = next(each for each in document if each["id"] == "anthropic")
    anthropic["models"] = [each for each in anthropic["models"] if each["id"] == OPUS[1]]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (put("input_mtok", -1), "claude-opus-4-8 has input_mtok = -1"),
        (put("output_mtok", 20_000), "claude-opus-4-8 has output_mtok = 20000"),
        (put("input_mtok", 0.1), "claude-opus-4-8 has input_mtok = 0.1, after 5"),
        (put("input_mtok", 500), "claude-opus-4-8 has input_mtok = 500, after 5"),
        (put("input_mtok", "much"), "It does not have the form of genai-prices"),
        (put("input_mtok", None), "claude-opus-4-8 has input_mtok = none, after 5"),
        (without_models, r"The price list anthropic lacks \d+ models, such as claude-2"),
        (lambda document: document.clear(), "It has no price list anthropic"),
        (lambda document: model(document, *OPUS).update(prices=[]), "claude-opus-4-8 has no prices"),
        (lambda document: model(document, *OPUS).pop("match"), "It does not have the form of genai-prices"),
    ],
)
def test_data_that_can_not_be_right_is_refused_with_the_place(change: Callable[[list[Any]], object], why: str) -> None:
    with pytest.raises(UnusableData, match=why):
        price_data.checked(published(change))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"<html>", "It is not JSON"),
        (b"[" * 100_000, "It is not JSON"),
        (b'{"a": 1}', "It is not a list of providers"),
        (b"[1, null]", "It has no price list"),
        (b" " * (price_data.LARGEST + 1), "It is larger than 16 MB"),
    ],
)
def test_other_data_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(UnusableData, match=why):
        price_data.checked(text)
