"""The sections of config.toml and their keys. The string below a key is its meaning, also in the settings screen."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator


def _no_switch(value: object) -> object:
    # Python counts true as 1.
    if isinstance(value, bool):
        raise ValueError("a number or text")  # noqa: TRY004 - a TypeError would not reach the user as a mistake
    return value


Price = Annotated[Decimal, BeforeValidator(_no_switch), Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _switches_only_where_they_belong(cls, value: object, info: ValidationInfo) -> object:
        assert info.field_name is not None
        return value if cls.model_fields[info.field_name].annotation is bool else _no_switch(value)


class ProxySettings(_Section):
    """[proxy]"""

    port: int = Field(8181, ge=1, le=65535)
    """The port on 127.0.0.1 to listen on."""
    default_route: Literal["anthropic-direct", "anthropic-vertex", "anthropic-bedrock"] = "anthropic-direct"
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


def _base_url(value: str) -> str:
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


BaseUrl = Annotated[str, AfterValidator(_base_url)]


def _nothing_is_none(value: object) -> object:
    return None if value == "" else value


OptionalBaseUrl = Annotated[BaseUrl | None, BeforeValidator(_nothing_is_none)]
OptionalWord = Annotated[str | None, BeforeValidator(_nothing_is_none), Field(pattern=r"^\S+$")]


class AnthropicSettings(_Section):
    """[anthropic]"""

    base_url: BaseUrl = "https://api.anthropic.com"
    """Where anthropic-direct goes."""
    key_command: Annotated[str | None, BeforeValidator(_nothing_is_none)] = None
    """A command of the shell that prints an API key, for clients that have none; it goes before a stored key."""
    key_lifetime_s: float = Field(300, gt=0, le=31_536_000)
    """Seconds after which key_command is asked again."""
    set_haiku_model: bool = True
    """Tell Claude Code to ask its small model for titles, as it does without a proxy, where `candela claude`, exec and
    env lead to api.anthropic.com. Otherwise it asks the main model."""


class VertexSettings(_Section):
    """[vertex]: Claude on Google Vertex AI."""

    project: OptionalWord = None
    """The Google Cloud project. "" takes ANTHROPIC_VERTEX_PROJECT_ID, GOOGLE_CLOUD_PROJECT, else that of the
    credentials."""
    region: OptionalWord = None
    """global, a multi-region (us, eu), or a region such as us-east5. "" takes CLOUD_ML_REGION, else global."""
    base_url: OptionalBaseUrl = None
    """A private endpoint, up to and without /v1. "" is Google's own for the region."""
    oauth_client_id: OptionalWord = None
    """An OAuth client (type Desktop app) of your own, by which `candela auth login --provider gcp` signs in without
    gcloud: https://console.cloud.google.com/auth/clients."""
    oauth_client_secret: OptionalWord = None
    """What Google calls that client's secret. For a desktop app it guards nothing: every copy of the app holds it."""
    betas: dict[str, bool | str] = Field(default_factory=dict)
    """anthropic-beta flags beyond candela's own table: "flag" = true is sent on, false is dropped, "other-flag" is
    sent in its place."""


class AwsSettings(_Section):
    """[aws]: Claude on AWS Bedrock."""

    region: OptionalWord = None
    """Such as us-east-1. "" takes AWS_REGION, AWS_DEFAULT_REGION, else the profile's own."""
    profile: OptionalWord = None
    """The profile of ~/.aws. "" takes what you signed in to with candela, else AWS_PROFILE, else the default chain."""
    base_url: OptionalBaseUrl = None
    """A private endpoint for both bedrock-runtime and bedrock. "" is AWS's own for the region."""
    inference_profile: Literal["auto", "none", "global", "us", "us-gov", "eu", "apac", "jp", "au"] = "auto"
    """The prefix of the inference profiles that models are called by. auto: the one that belongs to the region."""
    betas: dict[str, bool | str] = Field(default_factory=dict)
    """anthropic-beta flags beyond candela's own table: "flag" = true is sent on, false is dropped, "other-flag" is
    sent in its place."""


class OpenAiSettings(_Section):
    """[openai]: OpenAI's chat completions on /proxy/anthropic."""

    cache_breakpoints: bool = True
    """Let Claude cache the prompt: mark the system prompt and the newest user message of a chat that has no marks of
    its own. A prompt that is never asked again costs a quarter more; one that goes on costs a tenth."""


class ModelNames(_Section):
    """[models."NAME"]: what the providers call a model."""

    vertex: OptionalWord = None
    """Its id on Vertex AI."""
    bedrock: OptionalWord = None
    """Its id on Bedrock: a model, an inference profile, or the ARN of one."""


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


class AttentionSettings(_Section):
    """[ui.attention]: what is told outside the dashboard, while you look at another window."""

    how: Literal["off", "bell", "osc9", "osc777"] = "off"
    """How to tell: the terminal's bell, or a notice on the desktop (osc9: iTerm2, kitty, Windows Terminal, ghostty;
    osc777: urxvt, foot, ghostty, VTE). tmux passes notices on with `set -g allow-passthrough on`."""
    idle: bool = True
    """Tell when a session that was busy for over a minute becomes idle."""
    errors: bool = True
    """Tell when a request still fails after the client tried it again."""
    cost_marks_usd: tuple[Price, ...] = ()
    """USD of today's total, over all sessions, at which to tell, such as [5, 20]."""


class UiSettings(_Section):
    """[ui]"""

    theme: str = "candela-dark"
    """The dashboard's theme, until another is chosen inside it: that choice is remembered and wins."""
    density: Literal["auto", "standard", "compact"] = "auto"
    """How much room the lists take, until another density is chosen inside the dashboard; auto: compact in a small
    terminal."""
    reduced_motion: bool = False
    """No spinners and no smooth scrolling; what is live is drawn once a second."""
    keys: dict[str, str] = Field(default_factory=dict)
    """Keys by the name of the action, as the help (?) shows it: "requests.filter" = "f,slash". "" is no key."""
    attention: AttentionSettings = Field(default_factory=AttentionSettings)


class Settings(_Section):
    """Everything that config.toml can hold."""

    proxy: ProxySettings = Field(default_factory=ProxySettings)
    anthropic: AnthropicSettings = Field(default_factory=AnthropicSettings)
    vertex: VertexSettings = Field(default_factory=VertexSettings)
    aws: AwsSettings = Field(default_factory=AwsSettings)
    openai: OpenAiSettings = Field(default_factory=OpenAiSettings)
    models: dict[str, ModelNames] = Field(default_factory=dict)
    """What the providers call a model, by the name that the client asks for, where candela's own rule is wrong:
    "claude-opus-4-8" = { vertex = "ID", bedrock = "ID or ARN" }."""
    pricing: PricingSettings = Field(default_factory=PricingSettings)
    ui: UiSettings = Field(default_factory=UiSettings)
