"""The settings of config.toml: what there is, what it means, and how mistakes are told.

Every key can also be set as ``CANDELA_SECTION__KEY`` in the environment, which wins over the file.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

ENV_PREFIX = "CANDELA_"

Price = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class ConfigError(Exception):
    """A setting that can't be used; the message names the file, the key, what was expected and a remedy."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ProxySettings(_Section):
    """[proxy]"""

    port: int = Field(8181, ge=1, le=65535)
    """The port on 127.0.0.1 to listen on."""
    default_route: Literal["anthropic-direct"] = "anthropic-direct"
    """Where requests to the bare base URL go."""
    allow: Literal["same-user", "any-local"] = "same-user"
    """Who on this machine may use the proxy. Checked on Linux."""
    connect_timeout_s: float = Field(10, gt=0, le=600)
    """Seconds that a connection to the provider may take."""
    idle_timeout_s: float = Field(600, gt=0, le=86400)
    """Seconds without a byte from the provider after which it counts as gone."""
    max_body_mb: int = Field(64, ge=1, le=1024)
    """The largest request body, in MiB."""
    shutdown_grace_s: float = Field(5, ge=0, le=600)
    """Seconds that live streams have to end when candela leaves."""
    ca_bundle: Path | None = None
    """A file of CA certificates (PEM) to trust towards the provider, beside the system's."""


class AnthropicSettings(_Section):
    """[anthropic]"""

    base_url: str = "https://api.anthropic.com"
    """Where anthropic-direct goes."""

    @field_validator("base_url")
    @classmethod
    def _http_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or "?" in value or "#" in value:
            raise ValueError("an http:// or https:// URL without a query, such as https://api.anthropic.com")
        return value.rstrip("/")


class ModelPrice(_Section):
    """[pricing.models."NAME"], USD per million tokens. A part left out is priced from the input price as the
    provider does (cache read 0.1x, 5-minute write 1.25x, 1-hour write 2x)."""

    input: Price
    output: Price
    cache_read: Price | None = None
    cache_write_5m: Price | None = None
    cache_write_1h: Price | None = None


class PricingSettings(_Section):
    """[pricing]"""

    models: dict[str, ModelPrice] = Field(default_factory=dict)
    """Prices of your own, by model name: they override or add."""
    discount_percent: Decimal = Field(Decimal(0), ge=0, le=100)
    """Taken off every price."""


class UiSettings(_Section):
    """[ui]"""

    theme: str = "candela-dark"
    """The dashboard's theme."""


class Settings(_Section):
    """Everything that config.toml can hold."""

    proxy: ProxySettings = Field(default_factory=ProxySettings)
    anthropic: AnthropicSettings = Field(default_factory=AnthropicSettings)
    pricing: PricingSettings = Field(default_factory=PricingSettings)
    ui: UiSettings = Field(default_factory=UiSettings)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. A file that does not exist has none. Raises ConfigError."""
    return validated(read_document(path), str(path), environ)


def read_document(path: Path) -> dict[str, Any]:
    """The file as written, as a TOML document. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read: {error}") from error
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the file in one step. Raises ConfigError."""
    import tomli_w

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(tomli_w.dumps(document), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error}") from error


def validated(document: Mapping[str, Any], source: str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Check a document, with the environment's settings laid over it. Raises ConfigError naming the first mistake."""
    merged: dict[str, Any] = {
        section: dict(keys) if isinstance(keys, Mapping) else keys for section, keys in document.items()
    }
    origin: dict[tuple[str, str], str] = {}
    for name, value in sorted(environ.items()):
        section, separator, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
        if not name.startswith(ENV_PREFIX) or not separator:
            continue
        table = merged.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = value
            origin[section, key] = name
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_explain(error, source, origin)) from None


def _explain(error: ValidationError, source: str, origin: Mapping[tuple[str, str], str]) -> str:
    mistakes = []
    for mistake in error.errors(include_url=False):
        where = tuple(str(part) for part in mistake["loc"])
        key = ".".join(where)
        variable = origin.get(where[:2]) if len(where) > 1 else None  # type: ignore[arg-type]
        place = f"environment variable {variable}" if variable else source
        if mistake["type"] == "extra_forbidden":
            known = known_keys(where[:-1])
            near = difflib.get_close_matches(where[-1], known, 1, 0.5)
            remedy = f"did you mean {'.'.join((*where[:-1], near[0]))}?" if near else f"known here: {', '.join(known)}"
            mistakes.append(f"{place}: {key}: no such key; {remedy}")
        else:
            expected = mistake["msg"].removeprefix("Value error, ")
            mistakes.append(f"{place}: {key}: expected {_lower(expected)}; found {mistake['input']!r}")
    return "\n".join(mistakes)


def _lower(text: str) -> str:
    text = text.removeprefix("Input should be ")
    return text[:1].lower() + text[1:]


def known_keys(section: tuple[str, ...] = ()) -> list[str]:
    """The keys that a section may hold; () is the top of the file."""
    model: type[BaseModel] = Settings
    for part in section:
        field = model.model_fields.get(part)
        if field is None:
            return sorted(ModelPrice.model_fields) if model is PricingSettings or part in section[2:] else []
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
    if section[:2] == ("pricing", "models") and len(section) > 2:
        return sorted(ModelPrice.model_fields)
    return sorted(model.model_fields)
