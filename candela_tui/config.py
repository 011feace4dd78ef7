"""The settings of config.toml: what there is, what it means, and how mistakes are told.

Every key can also be set as ``CANDELA_SECTION__KEY`` in the environment, which wins over the file.
"""

import difflib
import os
import re
import shutil
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENV_PREFIX = "CANDELA_"

Price = Annotated[Decimal, Field(ge=0)]


class ConfigError(Exception):
    """A setting that can't be used; the message names the file, the key, what was expected and a remedy."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _not_a_switch(cls, value: object) -> object:
        # Python counts true as 1; no setting is a switch.
        if isinstance(value, bool):
            raise ValueError("a number or text")  # noqa: TRY004 - a TypeError would not reach the user as a mistake
        return value


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
    """A file of CA certificates (PEM) to trust towards the provider, beside the system's. "" is none."""

    @field_validator("ca_bundle", mode="before")
    @classmethod
    def _home(cls, value: object) -> object:
        if isinstance(value, str):
            return Path(value).expanduser() if value else None
        return value


class AnthropicSettings(_Section):
    """[anthropic]"""

    base_url: str = "https://api.anthropic.com"
    """Where anthropic-direct goes."""

    @field_validator("base_url")
    @classmethod
    def _http_url(cls, value: str) -> str:
        try:
            url = urlsplit(value)
            usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
        except ValueError:
            usable = False
        if not usable or url.query or url.fragment or "@" in url.netloc or any(c.isspace() for c in value):
            raise ValueError(
                "an http:// or https:// URL without user name, password or query, such as https://api.anthropic.com"
            )
        return value.rstrip("/")


class ModelPrice(_Section):
    """[pricing.models."NAME"], USD per million tokens. A cache part left out keeps its proportion to the input price:
    that of the model's list price, else the usual one (read 0.1x, 5-minute write 1.25x, 1-hour write 2x)."""

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
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror or error}") from error
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from error


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the file (where it is a link, the file that it leads to) in one step. Raises ConfigError."""
    import tomli_w

    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            beside.write_text(tomli_w.dumps(document), encoding="utf-8")
            if target.exists():
                shutil.copymode(target, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror or error}") from error


def validated(document: Mapping[str, Any], source: str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Check a document, with the environment's settings laid over it. Raises ConfigError naming each mistake."""
    merged: dict[str, Any] = {
        section: dict(keys) if isinstance(keys, Mapping) else keys for section, keys in document.items()
    }
    origin: dict[tuple[str, ...], str] = {}
    for name, value in sorted(environ.items()):
        section, separator, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
        if not name.startswith(ENV_PREFIX) or not separator:
            continue
        if section not in merged:
            origin[section,] = name
        table = merged.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = _from_environment(value)
            origin[section, key] = name
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigError(_explain(error, source, origin)) from None


def _from_environment(value: str) -> Any:
    """A variable's value: text, or a table as TOML writes it in one line."""
    if value.lstrip().startswith("{"):
        try:
            return tomllib.loads(f"value = {value}", parse_float=Decimal)["value"]
        except tomllib.TOMLDecodeError:
            pass
    return value


def _explain(error: ValidationError, source: str, origin: Mapping[tuple[str, ...], str]) -> str:
    mistakes: list[str] = []
    meant: set[tuple[str, ...]] = set()
    # A misspelled key first: it also leaves the key that was meant missing.
    for mistake in sorted(error.errors(include_url=False), key=lambda mistake: mistake["type"] != "extra_forbidden"):
        where = tuple(str(part) for part in mistake["loc"])
        variable = origin.get(where[:2])
        place = f"environment variable {variable}" if variable else source
        if mistake["type"] == "extra_forbidden":
            known = known_keys(where[:-1])
            near = difflib.get_close_matches(where[-1], known, 1, 0.5)
            meant.update((*where[:-1], name) for name in near)
            remedy = f"did you mean {_key(*where[:-1], *near)}?" if near else f"known here: {', '.join(known)}"
            mistakes.append(f"{place}: {_key(*where)}: no such {'key' if where[1:] else 'section'}; {remedy}")
        elif mistake["type"] != "missing":
            mistakes.append(f"{place}: {_key(*where)}: expected {_expected(mistake)}; found {_found(mistake['input'])}")
        elif where not in meant:
            mistakes.append(f"{place}: {_key(*where)} is missing; {_key(*where[:-1])} needs it")
    return "\n".join(mistakes)


def _expected(mistake: "ErrorDetails") -> str:
    kind, limits = mistake["type"], mistake.get("ctx", {})
    for name, words in _LIMITS.items():
        if name in limits:
            return f"{words} {limits[name]}"
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return "a whole number"
    if kind.startswith(("float_", "decimal_", "finite_number")):
        return "a number"
    if kind in ("model_type", "dict_type"):
        return "a table"
    if kind == "literal_error":
        return str(limits["expected"])
    if kind.startswith(("string_", "path_")):
        return "text"
    return mistake["msg"].removeprefix("Value error, ")


_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return repr(_PASSWORD.sub("//…@", value)) if isinstance(value, str) else str(value)


def _key(*parts: str) -> str:
    return ".".join(part if _BARE_KEY.fullmatch(part) else f'"{part}"' for part in parts)


_PASSWORD = re.compile(r"//[^/]*@")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def known_keys(section: tuple[str, ...] = ()) -> list[str]:
    """The keys that a section may hold; () is the top of the file. [] where it may hold any, or there is none."""
    if section[:2] == ("pricing", "models"):
        return sorted(ModelPrice.model_fields) if len(section) == 3 else []
    model: Any = Settings
    for part in section:
        field = model.model_fields.get(part)
        model = field.annotation if field is not None else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return sorted(model.model_fields)
