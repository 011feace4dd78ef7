"""The sections of config.toml and their keys.

The docstring below a key is shown to users as its meaning, for example on the settings screen.
"""

import re
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from candela_tui.config.name_forms import AWS_REGION, FOUNDRY_RESOURCE, GOOGLE_LOCATION, GOOGLE_NAME
from candela_tui.database_url import database_url
from candela_tui.default_port import DEFAULT_PORT
from candela_tui.providers.identity import DEFAULT_ROUTES, PROVIDER_WORDS, RouteName, listed
from candela_tui.redaction import is_secret_name


def _no_switch(value: object) -> object:
    # Python treats True as the number 1.
    if isinstance(value, bool):
        raise PydanticCustomError("other_type", "another type is expected")
    return value


Price = Annotated[Decimal, BeforeValidator(_no_switch), Field(ge=0, le=1_000_000, decimal_places=20)]


class _Section(BaseModel):
    # A section's validator is built when it is first used: building all takes longer than most commands run.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_values_that_no_setting_takes(cls, value: object, info: ValidationInfo) -> object:
        assert info.field_name is not None
        if isinstance(value, str) and "\0" in value:
            # The system refuses it in the name of a file and in a command.
            raise ValueError("text without a NUL character")
        return value if cls.model_fields[info.field_name].annotation is bool else _no_switch(value)


def _section(kind: type[_Section]) -> Any:
    """Declare a section that may be missing. It then has its defaults, which need no validator."""
    return Field(default_factory=kind.model_construct)


def names_by_key(section: type[BaseModel]) -> dict[str, str]:
    """Return the names of a section's fields by their keys in config.toml. A key that Python reserves has an alias."""
    return {field.alias or name: name for name, field in section.model_fields.items()}


def _route_name(value: str) -> RouteName:
    # pydantic can't call the class itself: from Python 3.12 on, its signature is that of any number of values.
    return RouteName(value)


if TYPE_CHECKING:
    DefaultRoute = RouteName
    ProviderWord = str
else:
    ProviderWord = Literal[PROVIDER_WORDS]
    # The names are literal text because the error message for a wrong value lists them.
    DefaultRoute = Annotated[Literal[tuple(name.value for name in DEFAULT_ROUTES)], AfterValidator(_route_name)]


def _path(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return Path(value).expanduser() if value else None
    except RuntimeError:
        raise ValueError("a path; there is no such user after ~") from None


OptionalPath = Annotated[Path | None, BeforeValidator(_path)]


def _nothing_is_none(value: object) -> object:
    return None if value == "" else value


def _address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("an IP address of this machine, such as 0.0.0.0 for all of them") from None


OptionalAddress = Annotated[Annotated[str, AfterValidator(_address)] | None, BeforeValidator(_nothing_is_none)]


class ProxySettings(_Section):
    """[proxy]: the local proxy."""

    port: int = Field(DEFAULT_PORT, ge=1, le=65535)
    """The port to listen on."""
    listen: OptionalAddress = None
    """Another address to listen on, besides 127.0.0.1: 0.0.0.0 for all of IPv4, :: for all. It needs keys, of
    `candela keys` or in keys_file, and each request from there needs one of them. "" listens on 127.0.0.1 alone."""
    keys_file: OptionalPath = None
    """A file with further keys of candela's, such as a mounted secret: [[keys]] with name and key, described in
    docs/keys.md. "" reads none."""
    tls_cert: OptionalPath = None
    """A file with a certificate (PEM), its chain behind it: other machines then reach candela by https alone, while
    127.0.0.1 stays http. It needs tls_key. "" does not encrypt."""
    tls_key: OptionalPath = None
    """The file with the key of tls_cert (PEM), without a password. Every change of the two files counts for new
    connections. "" is none."""
    default_route: DefaultRoute = RouteName.DIRECT
    """The route for requests to the base URL without a path prefix."""
    providers: tuple[ProviderWord, ...] = ()
    """The providers whose routes are open, such as ["direct", "bedrock"]. Without any, all are."""
    allow: Literal["same-user", "any-local"] = "same-user"
    """Who on this machine may use the proxy. Enforced only on Linux."""
    connect_timeout_s: float = Field(10, gt=0, le=600)
    """Seconds to wait for a connection to the provider."""
    idle_timeout_s: float = Field(600, gt=0, le=86400)
    """Seconds without data from the provider after which a request fails."""
    max_body_mb: int = Field(64, ge=1, le=1024)
    """The largest request body, in MiB."""
    shutdown_grace_s: float = Field(5, ge=0, le=600)
    """Seconds that live streams have to end when candela stops."""
    ca_bundle: OptionalPath = None
    """A file of CA certificates (PEM) to trust for connections to the provider, in addition to the system's. "" means
    none."""


class InterceptSettings(_Section):
    """[intercept]: connections that candela opens, as `candela claude --intercept` asks for."""

    ports: Literal["tunnel", "refuse"] = "tunnel"
    """What to do with connections to other ports than 443 of the hosts that are opened: tunnel passes them unread."""


def _base_url(value: str) -> str:
    try:
        url = urlsplit(value)
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in url.netloc or any(c in "?#" or c.isspace() or not c.isprintable() for c in value):
        raise ValueError(
            "an http:// or https:// URL without user name, password or query, such as https://api.anthropic.com"
        )
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


OptionalBaseUrl = Annotated[BaseUrl | None, BeforeValidator(_nothing_is_none)]


def _without_api_path(value: str) -> str:
    # Consoles show the whole URL of the API, such as …/anthropic/v1/messages.
    if (found := _API_PATH.search(value)) is not None:
        raise ValueError(f"a URL without {found[0]} at its end, because requests have that in their path")
    return value


_API_PATH = re.compile(r"/v1(?:/messages(?:/count_tokens)?)?$")
OptionalMessagesUrl = Annotated[
    Annotated[BaseUrl, AfterValidator(_without_api_path)] | None, BeforeValidator(_nothing_is_none)
]
"""The base URL of a provider that speaks the Messages API."""
Word = Annotated[str, Field(pattern=r"^[^\s\p{C}]+$")]


def _session_field(value: str) -> str:
    if not _FIELD_NAME.fullmatch(value) or is_secret_name(value):
        raise ValueError("the name of a header field that holds no credential, such as x-session-id")
    return value


_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
SessionField = Annotated[str, AfterValidator(_session_field)]
OptionalWord = Annotated[Word | None, BeforeValidator(_nothing_is_none)]


def _of_form(form: re.Pattern[str], words: str) -> AfterValidator:
    def checked(value: str) -> str:
        if form.fullmatch(value) is None:
            raise ValueError(words)
        return value

    return AfterValidator(checked)


OptionalAwsRegion = Annotated[
    Annotated[Word, _of_form(AWS_REGION, "an AWS region, such as us-east-1")] | None, BeforeValidator(_nothing_is_none)
]
OptionalLocation = Annotated[
    Annotated[Word, _of_form(GOOGLE_LOCATION, "a location, such as global, eu or us-east5")] | None,
    BeforeValidator(_nothing_is_none),
]
OptionalName = Annotated[
    Annotated[Word, _of_form(GOOGLE_NAME, "an ID of letters, digits, hyphens, dots, colons and _")] | None,
    BeforeValidator(_nothing_is_none),
]
OptionalResource = Annotated[
    Annotated[Word, _of_form(FOUNDRY_RESOURCE, "the name of a Foundry resource: up to 64 letters, digits and hyphens")]
    | None,
    BeforeValidator(_nothing_is_none),
]


def _beta(value: object) -> object:
    if not isinstance(value, bool) and not (isinstance(value, str) and _FLAG.fullmatch(value)):
        raise ValueError("true, false or the name of another flag")
    return value


_FLAG = re.compile(r"[!-+\--~]+")
Betas = dict[str, Annotated[bool | str, BeforeValidator(_beta)]]


class KeySettings(_Section):
    """The settings of a provider that accepts an API key."""

    key_command: Annotated[str | None, BeforeValidator(_nothing_is_none)] = None
    """A shell command that prints an API key, for clients that have none. It is used instead of a stored key."""
    key_lifetime_s: float = Field(300, gt=0, le=31_536_000)
    """Seconds after which key_command is run again."""


class AnthropicSettings(KeySettings):
    """[anthropic]: the Anthropic API."""

    base_url: BaseUrl = "https://api.anthropic.com"
    """The base URL of the anthropic-direct route."""
    set_haiku_model: bool = True
    """Let `candela claude`, exec and env tell Claude Code to use its small model for titles, as it does without a
    proxy. Otherwise it uses the main model. Applies only to api.anthropic.com."""


class VertexSettings(_Section):
    """[vertex]: Claude on Google Vertex AI."""

    project: OptionalName = None
    """The Google Cloud project. "" uses ANTHROPIC_VERTEX_PROJECT_ID, then GOOGLE_CLOUD_PROJECT, then the project of
    the credentials."""
    region: OptionalLocation = None
    """global, a multi-region (us, eu), or for models up to Sonnet 4.6 a region such as us-east5. "" uses
    CLOUD_ML_REGION, then global."""
    base_url: OptionalBaseUrl = None
    """The URL of a private endpoint, without /v1. "" uses Google's endpoint for the region."""
    oauth_client_id: OptionalWord = None
    """The ID of your own OAuth client (type Desktop app), with which `candela auth login --provider gcp` signs in
    without gcloud: https://console.cloud.google.com/auth/clients."""
    oauth_client_secret: OptionalWord = None
    """The secret of that OAuth client. For a desktop app it protects nothing: every copy of the app contains it."""
    betas: Betas = Field(default_factory=dict)
    """How to send anthropic-beta flags that candela's own table does not cover: "flag" = true sends the flag, false
    drops it, "other-flag" sends that one instead."""


class AwsSettings(_Section):
    """[aws]: Claude on Amazon Bedrock."""

    region: OptionalAwsRegion = None
    """The AWS region, such as us-east-1. "" uses AWS_REGION, then AWS_DEFAULT_REGION, then the profile's region."""
    profile: OptionalWord = None
    """The profile in ~/.aws. "" uses your candela sign-in, then AWS_PROFILE, then the default credential chain."""
    base_url: OptionalBaseUrl = None
    """The URL of a private endpoint for both bedrock-runtime and bedrock. "" uses the AWS endpoints of the region."""
    inference_profile: Literal["auto", "none", "global", "us", "us-gov", "eu", "apac", "jp", "au"] = "auto"
    """The prefix of the inference profiles that models are called with. auto uses the one for the region."""
    betas: Betas = Field(default_factory=dict)
    """How to send anthropic-beta flags that candela's own table does not cover: "flag" = true sends the flag, false
    drops it, "other-flag" sends that one instead."""


class MantleSettings(KeySettings):
    """[mantle]: Bedrock's endpoint for the Messages API. The profile is the one of [aws]."""

    region: OptionalAwsRegion = None
    """The AWS region. "" uses the region of [aws]."""
    base_url: OptionalMessagesUrl = None
    """The URL of another endpoint, up to /anthropic. "" uses bedrock-mantle of the region."""


class ClaudeAwsSettings(KeySettings):
    """[claude_aws]: Claude Platform on AWS. The profile is the one of [aws]."""

    workspace: OptionalName = None
    """The ID of the workspace. "" uses ANTHROPIC_AWS_WORKSPACE_ID."""
    region: OptionalAwsRegion = None
    """The AWS region. "" uses the region of [aws]."""
    base_url: OptionalMessagesUrl = None
    """The URL of a private endpoint. "" uses the endpoint of the region."""


class FoundrySettings(KeySettings):
    """[foundry]: Claude in Microsoft Foundry."""

    resource: OptionalResource = None
    """The name of the Foundry resource. "" uses ANTHROPIC_FOUNDRY_RESOURCE."""
    base_url: OptionalMessagesUrl = None
    """The URL of another endpoint, up to /anthropic. "" uses the endpoint of the resource."""


class ClaudeGoogleCloudSettings(_Section):
    """[claude_google_cloud]: Claude on Google Cloud, managed by Anthropic."""

    project: OptionalName = None
    """The Google Cloud project. "" uses ANTHROPIC_GOOGLE_CLOUD_PROJECT, then GOOGLE_CLOUD_PROJECT, then the project of
    the credentials."""
    location: OptionalName = None
    """The location. "" uses ANTHROPIC_GOOGLE_CLOUD_LOCATION, then global."""
    workspace: OptionalName = None
    """The ID of the workspace. "" uses ANTHROPIC_GOOGLE_CLOUD_WORKSPACE_ID."""
    base_url: OptionalMessagesUrl = None
    """The URL of another endpoint, including project, location and workspace. "" uses Google's."""


class OpenAiSettings(_Section):
    """[openai]: OpenAI's chat completions on /proxy/anthropic."""

    cache_breakpoints: bool = True
    """Let Claude cache the prompt: add cache breakpoints to the system prompt and the newest user message of a chat
    that has none. Writing the cache costs a quarter more than uncached input; reading it costs a tenth."""


ModelId = Annotated[str, Field(min_length=1)]


def _by_route(value: object) -> object:
    return {"*": value} if isinstance(value, str) else value


def _known_routes(value: dict[str, str]) -> dict[str, str]:
    routes = [name.value for name in RouteName]
    unknown = next((name for name in value if name not in ("*", *routes)), None)
    if unknown is not None:
        raise ValueError(f'a route or "*" before each model ({", ".join(routes)}), not {unknown}')
    return value


ModelsByRoute = Annotated[dict[str, ModelId], BeforeValidator(_by_route), AfterValidator(_known_routes)]


class BelowBudget(_Section):
    """[[rules.models.below_budget]]: cheaper models while a budget is nearly used up."""

    budget: str = ""
    """The budget's name. "" is the fullest one that the request falls under."""
    past: float = Field(gt=0, le=1)
    """The part of the limit, such as 0.8, from which on the models are replaced."""
    models: dict[Annotated[str, Field(min_length=1)], ModelId]
    """The cheaper models by pattern, the first that matches: { "claude-opus-*" = "claude-sonnet-5-5" }."""


class ModelRules(_Section):
    """[rules.models]: which models may be used, and which one takes the place of another."""

    deny: tuple[ModelId, ...] = ()
    """Patterns of the models to refuse, such as ["claude-opus-*"]. * stands for any characters. A pattern without a
    place or date matches the model at all places and of all dates. Counting tokens is always allowed."""
    allow: tuple[ModelId, ...] = ()
    """Patterns of the models to allow, such as ["claude-*"]. Others are refused. [] allows all. The patterns are those
    of deny."""
    aliases: dict[str, ModelsByRoute] = Field(default_factory=dict)
    """Names for models: "fast" = "claude-haiku-4-5-20251001", or by route: "fast" = { "anthropic-vertex" = "ID", "*" =
    "ID" }."""
    by_agent: dict[str, ModelId] = Field(default_factory=dict)
    """The models of sub-agents, by the agent's type: "Explore" = "claude-haiku-4-5-20251001"."""
    below_budget: tuple[BelowBudget, ...] = ()
    """Cheaper models while a budget is nearly used up: { budget = "my month", past = 0.8, models = { "claude-opus-*" =
    "claude-sonnet-5-5" } }."""
    dry_run: bool = False
    """Record what the rules about models would do, without doing it."""


def _tool_pattern(value: str) -> str:
    # Import it here: most users have no such rule.
    from candela_tui.claude_code.permissions.patterns import BadPattern, parse_pattern

    try:
        parse_pattern(value)
    except BadPattern as error:
        raise PydanticCustomError("unusable", "{why}", {"why": str(error)}) from None
    return value


ToolPattern = Annotated[str, AfterValidator(_tool_pattern)]


class ToolRule(_Section):
    """[[rules.tools]]: one rule about tools. Its patterns are those of Claude Code's permissions."""

    name: str = ""
    """The rule's name, for words to the user and the model. "" is its number."""
    deny: tuple[ToolPattern, ...]
    """What is denied, such as ["Bash(git push *)", "mcp__github__*", "Read(~/.ssh/**)"]. A command that can't be read
    counts as denied."""
    allow: tuple[ToolPattern, ...] = ()
    """Exceptions from deny."""
    match: str = ""
    """Only for requests that this filter matches, in the dashboard's filter language, such as "agent:Explore"."""
    action: Literal["mark", "end", "answer", "strip", "refuse"] = "end"
    """mark only records the call, end puts words in its place, answer puts a call in its place that fails, so that the
    model reads why and goes on. strip takes whole tools out of the request, refuse refuses a request that has one."""
    dry_run: bool = False
    """Record what the rule would do, without doing it."""

    @field_validator("deny")
    @classmethod
    def _not_empty(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("at least one pattern")
        return value

    @model_validator(mode="after")
    def _whole_tools_only(self) -> Self:
        if self.action in ("strip", "refuse"):
            from candela_tui.claude_code.permissions.patterns import parse_pattern

            partial = [each for each in (*self.deny, *self.allow) if not parse_pattern(each).is_for_whole_tool]
            if partial:
                raise ValueError(f"for {self.action}, whole tools without arguments, not {partial[0]}")
        return self


def _window(value: str) -> str:
    if _WINDOW.fullmatch(value) is None:
        raise ValueError(
            '"hour", "day", "week", "month", "total", or a rolling one such as "rolling:5h" or "rolling:7d"'
        )
    return value


_WINDOW = re.compile(r"hour|day|week|month|total|rolling:[1-9][0-9]{0,3}[hd]")


def _webhook(value: str) -> str:
    try:
        url = urlsplit(value)
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0 and "@" not in url.netloc
    except ValueError:
        usable = False
    if not usable or any(c.isspace() or not c.isprintable() for c in value):
        raise ValueError("an http:// or https:// URL without user name and password")
    return value


class BudgetRule(_Section):
    """[[rules.budgets]]: one budget."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """The budget's name, for words to the user and for `candela rules override`."""
    scope: Literal["all", "session", "agent", "turn", "project", "branch", "model", "route", "key", "user", "team"] = (
        "all"
    )
    """What the limit is for: everything together, or each session, agent, turn of the user, project (directory),
    branch, model, route, key (docs/keys.md), or user or team of keys by itself."""
    team: Annotated[str | None, BeforeValidator(_nothing_is_none)] = None
    """Only requests with keys of this team count and are limited. With the scope user, each member has the limit."""
    match: str = ""
    """Only requests that this filter matches count and are limited, in the dashboard's filter language. "" is all."""
    window: Annotated[str, AfterValidator(_window)] = "month"
    """How long the limit is for: hour, day, week (from Monday), month, total, or a rolling one such as rolling:5h."""
    limit_usd: Price | None = None
    """The limit in USD. A request without a price counts only in tokens."""
    limit_tokens: int | None = Field(None, ge=0, le=10**15)
    """The limit in tokens of prompts and answers, instead of limit_usd."""
    on_breach: Literal["block", "warn"] = "block"
    """block refuses requests that would exceed the limit, warn only says so."""
    warn_at: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.8, 0.95)
    """The parts of the limit at which to warn."""
    webhook: Annotated[Annotated[str, AfterValidator(_webhook)] | None, BeforeValidator(_nothing_is_none)] = None
    """A URL that gets JSON, once for each warning and once when the limit is reached, in each window."""
    dry_run: bool = False
    """Record which requests would be refused, without refusing them."""
    fail: Literal["open", "closed"] = "open"
    """What happens if candela can't check the budget: open lets the request pass with a warning, closed refuses it."""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.limit_usd is None) == (self.limit_tokens is None):
            raise ValueError("one limit: limit_usd or limit_tokens")
        return self


def _timezone(value: str) -> str:
    # Import it here: hardly anyone sets it.
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError("a time zone such as Europe/Berlin or UTC") from None
    return value


def _messages_route(value: str) -> str:
    if value not in DEFAULT_ROUTES:
        raise ValueError(f"a route: {listed(DEFAULT_ROUTES)}")
    return RouteName(value)


MessagesRoute = Annotated[str, AfterValidator(_messages_route)]


class FallbackRule(_Section):
    """[rules.fallback]: other providers that answer when one fails, before any content has arrived."""

    chain: tuple[MessagesRoute, ...] = ()
    """The routes to ask in turn, such as ["anthropic-direct", "anthropic-bedrock"]. A request begins with the one that
    it came for. Empty turns the rule off."""
    on: tuple[Literal["5xx", "timeout", "rate_limit", "overloaded"], ...] = (
        "5xx",
        "timeout",
        "rate_limit",
        "overloaded",
    )
    """The failures after which the next provider is asked. 5xx includes providers that can't be reached."""
    timeout_ms: int = Field(30_000, ge=100, le=240_000)
    """Milliseconds that a provider has until the message of a stream begins. The last one has no limit."""
    models: dict[str, Word] = Field(default_factory=dict)
    """The model to ask a route for, if it is not the client's: "anthropic-bedrock" = "claude-sonnet-4-5"."""
    max_attempts: int = Field(3, ge=1, le=10)
    """How many providers to ask for one request."""
    dry_run: bool = False
    """Record which failures would go to another provider, without asking it."""

    @field_validator("chain")
    @classmethod
    def _several_routes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) == 1 or len(set(value)) < len(value):
            raise ValueError("two or more routes, each once")
        return value

    @field_validator("models")
    @classmethod
    def _models_of_routes(cls, value: dict[str, str]) -> dict[str, str]:
        return {_messages_route(route): model for route, model in value.items()}


class RouteRules(_Section):
    """[rules.routes]: which provider gets a session's requests."""

    weights: dict[str, Annotated[float, Field(gt=0, le=1_000_000)]] = Field(default_factory=dict)
    """How to spread the sessions over routes: "anthropic-direct" = 3, "anthropic-bedrock" = 1. It applies to requests
    that come for one of these routes."""
    headers: tuple[Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")], ...] = ()
    """Further names of the header field X-Candela-Route, which chooses the route of a request: bedrock, or
    anthropic-bedrock."""
    dry_run: bool = False
    """Record where weights would send a session, without doing it."""

    @field_validator("weights")
    @classmethod
    def _weights_of_routes(cls, value: dict[str, float]) -> dict[str, float]:
        return {_messages_route(route): weight for route, weight in value.items()}


class CacheRule(_Section):
    """[rules.cache]: answers to repeated requests, from candela's own store."""

    kinds: tuple[Literal["title", "count_tokens"], ...] = ()
    """The calls to answer from the store where the same request was answered before: title, count_tokens."""
    match: str = ""
    """Other requests to answer so: those that this filter matches, in the dashboard's filter language."""
    max_age_h: float = Field(24, gt=0, le=10_000)
    """Hours after which an answer is not used any more."""
    dry_run: bool = False
    """Record what would be answered, and ask the provider."""


class RulesSettings(_Section):
    """[rules]: which requests may be sent to a provider, and what of their answers reaches the client."""

    dry_run: bool = False
    """Record what the rules would do, without doing it."""
    timezone: Annotated[Annotated[str, AfterValidator(_timezone)] | None, BeforeValidator(_nothing_is_none)] = None
    """The time zone whose hours, days, weeks and months budgets use, such as Europe/Berlin. "" is the machine's own."""
    budgets: tuple[BudgetRule, ...] = ()
    """Budgets: [[rules.budgets]] in config.toml, described in docs/rules.md."""
    models: ModelRules = _section(ModelRules)
    tools: tuple[ToolRule, ...] = ()
    """Rules about the tools that Claude calls: [[rules.tools]] in config.toml, described in docs/rules.md."""
    cache: CacheRule = _section(CacheRule)
    fallback: FallbackRule = _section(FallbackRule)
    routes: RouteRules = _section(RouteRules)

    @field_validator("budgets")
    @classmethod
    def _names_differ(cls, value: tuple[BudgetRule, ...]) -> tuple[BudgetRule, ...]:
        names = [budget.name for budget in value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"names that differ, but two budgets are named {twice}")
        return value


class KeysSettings(_Section):
    """[keys]: candela's own keys, which `candela keys` makes."""

    required: bool = False
    """Refuse requests without a key of candela's, also those of this machine."""
    pepper_file: OptionalPath = None
    """The file of the secret that the hashes of keys are made with. Replicas on one PostgreSQL database need the same
    one. "" is keys-pepper in the data directory, which the first key makes."""


def _safe_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme != "https" and url.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("an https:// URL; http:// is for this machine alone, as tokens pass there")
    return value


def _origin(value: str) -> str:
    url = urlsplit(value)
    if url.path:
        raise ValueError("a URL without a path, such as https://candela.example")
    # As browsers write it in Origin.
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    port = "" if url.port in (None, _USUAL_PORTS[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://{host}{port}"


_USUAL_PORTS = {"http": 80, "https": 443}


OptionalSafeUrl = Annotated[Annotated[BaseUrl, AfterValidator(_safe_url)] | None, BeforeValidator(_nothing_is_none)]
OptionalOrigin = Annotated[
    Annotated[BaseUrl, AfterValidator(_safe_url), AfterValidator(_origin)] | None, BeforeValidator(_nothing_is_none)
]


RoleName = Literal["member", "lead", "admin", "auditor"]


class OidcSettings(_Section):
    """[team.oidc]: the company's identity provider (OpenID Connect), with which people sign in."""

    issuer: OptionalSafeUrl = None
    """Its address, as its tokens name it. "" lets nobody sign in."""
    client_id: OptionalWord = None
    """The ID that it knows candela by."""
    client_secret_file: OptionalPath = None
    """A file with the secret that belongs to the ID. "" for a client without one."""
    scopes: str = "openid email profile"
    """What candela asks for. The e-mail address is needed, and groups if [team.groups] has any."""
    groups_claim: Word = "groups"
    """Where its tokens name the groups of a person."""


class TeamSettings(_Section):
    """[team]: people who sign in, such as with /login in Claude Code."""

    url: OptionalOrigin = None
    """The address of this candela, as people have it: https://candela.example. The identity provider sends them back to
    it with /oauth/callback behind it."""
    session_h: float = Field(default=12, gt=0, le=720)
    """Hours until a person signs in again."""
    oidc: OidcSettings = _section(OidcSettings)
    groups: dict[str, Annotated[str, Field(min_length=1, max_length=64)]] = Field(default_factory=dict)
    """The team of each group: "eng-platform" = "platform". With any, only people of these groups may sign in."""
    managed_settings: OptionalPath = None
    """A JSON file with settings of Claude Code for the people who sign in, before their own. "" gives them none."""
    roles: dict[str, RoleName] = Field(default_factory=dict)
    """What people may see and do beyond their own: "eng-leads" = "lead" for a group, "ada@example.com" = "admin" for a
    person. Followed while candela runs."""

    @property
    def lets_sign_in(self) -> bool:
        """Whether people can sign in."""
        return self.url is not None and self.oidc.issuer is not None and self.oidc.client_id is not None


class SessionsSettings(_Section):
    """[sessions]: how requests are grouped into sessions."""

    header: tuple[SessionField, ...] = ()
    """The header fields in which clients other than Claude Code name their session, such as ["x-session-id"]. The first
    that a request has counts."""


class JsonLinesSettings(_Section):
    """[sinks.json_lines]: a file with one line of JSON for each finished request."""

    path: OptionalPath = None
    """The file to append to. Each line has the fields of `candela requests --json`. "" writes no file."""


class SinkSettings(_Section):
    """[sinks]: additional outputs for recorded requests."""

    json_lines: JsonLinesSettings = _section(JsonLinesSettings)


class PubSubSettings(_Section):
    """[telemetry.pubsub]: each span as a message of Google Cloud Pub/Sub."""

    topic: OptionalName = None
    """The id of the topic. "" sends none."""
    project: OptionalName = None
    """The Google Cloud project of the topic. "" uses GOOGLE_CLOUD_PROJECT."""
    format: Literal["json", "proto"] = "json"
    """The form of a message, which is a request of OTLP with one span: JSON, or protocol buffers."""


def _without_signal_path(value: str) -> str:
    # Some services show the whole URL, such as …/v1/traces.
    return re.sub(r"/v1/(?:traces|metrics|logs)$", "", value)


HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]


class TelemetrySettings(_Section):
    """[telemetry]: traces, metrics and errors for an OpenTelemetry collector."""

    otlp_endpoint: Annotated[
        Annotated[BaseUrl, AfterValidator(_without_signal_path)] | None, BeforeValidator(_nothing_is_none)
    ] = None
    """The base URL of the collector, such as http://localhost:4318. "" uses OTEL_EXPORTER_OTLP_ENDPOINT; without
    either, nothing is sent."""
    protocol: Annotated[Literal["http/protobuf", "grpc"] | None, BeforeValidator(_nothing_is_none)] = None
    """How the collector is spoken to: http/protobuf or grpc. "" uses OTEL_EXPORTER_OTLP_PROTOCOL, then
    http/protobuf."""
    headers: dict[HeaderName, str] = Field(default_factory=dict)
    """Header fields to send, such as the key of a service: { "x-honeycomb-team" = "KEY" }. Without any,
    OTEL_EXPORTER_OTLP_HEADERS counts."""
    content: Literal["none", "full"] = "none"
    """Whether spans have what was said: full adds the prompts, answers and tool calls."""
    service_name: OptionalWord = None
    """The name of the service in traces. "" uses OTEL_SERVICE_NAME, then candela."""
    project: OptionalWord = None
    """What the service belongs to, such as a team or an environment: service.namespace of traces, and project_id of
    messages in Pub/Sub, which is the project of the topic without it."""
    sample: float = Field(1, ge=0, le=1)
    """The share of sessions whose traces are sent, such as 0.1."""
    cache_creation_name: bool = False
    """Also send the tokens written to the cache by their older name, gen_ai.usage.cache_creation.input_tokens."""
    pubsub: PubSubSettings = _section(PubSubSettings)


class MetricsSettings(_Section):
    """[metrics]: numbers for Prometheus, at /metrics."""

    allow: Literal["token", "any-local"] = "token"
    """Who may read them: programs of yours that send the token of the local API, or every user of this machine without
    it. They have sums by model, and nothing that was said."""


class ModelNames(_Section):
    """[models."NAME"]: a model's ids on other providers, and its region."""

    vertex: OptionalWord = None
    """The model's id on Vertex AI."""
    vertex_region: OptionalLocation = None
    """The Vertex AI location for this model alone. "" uses the variable of Claude Code for it, such as
    VERTEX_REGION_CLAUDE_4_6_SONNET, then that of all models."""
    bedrock: OptionalWord = None
    """The model's id on Bedrock: of a model or an inference profile, or the ARN of either."""


class ModelPrice(_Section):
    """[pricing.models."NAME"]: prices in USD per million tokens. A cache price that is left out keeps its ratio to the
    input price: the ratio in the model's list price, or else the usual one (read 0.1x, 5-minute write 1.25x, 1-hour
    write 2x)."""

    input: Price
    output: Price
    cache_read: Price | None = None
    cache_write_5m: Price | None = None
    cache_write_1h: Price | None = None


class PricingSettings(_Section):
    """[pricing]: how costs are calculated."""

    models: dict[str, ModelPrice] = Field(default_factory=dict)
    """Your own prices by model name, which add to or override the built-in ones."""
    discount_percent: Decimal = Field(Decimal(0), ge=0, le=100, decimal_places=20)
    """The discount on every price, in percent."""


class HistorySettings(_Section):
    """[history]: what is kept of the requests, and for how long."""

    bodies: Literal["full", "headers", "none"] = "full"
    """What is stored of each request besides its facts, such as tokens and cost: full stores the header fields and the
    bodies, headers only the header fields, none neither."""
    keep_days: int = Field(0, ge=0, le=36_500)
    """Days after which requests are removed, in addition to the current day. 0 keeps them."""
    body_days: int = Field(0, ge=0, le=36_500)
    """Days after which only the bodies of requests are removed, in addition to the current day: their facts and header
    fields stay. 0 keeps them."""
    max_size_gb: float = Field(0, ge=0, le=100_000)
    """The largest size of the store, in GiB. When it is exceeded, the oldest requests are removed. 0 sets no limit."""
    search: bool = True
    """Index the words of prompts, answers, thinking, tool calls and results, so that they can be searched. When it is
    turned off, the index is deleted."""
    import_: Literal["never", "daily"] = Field("never", alias="import")
    """daily: once a day, while candela runs, import the sessions of Claude Code that did not cross candela. Claude Code
    deletes its transcripts after 30 days."""


def _database_url(value: str) -> str:
    database_url(value)
    return value


OptionalDatabaseUrl = Annotated[Annotated[str, AfterValidator(_database_url)] | None, BeforeValidator(_nothing_is_none)]


class StoreSettings(_Section):
    """[store]: where the history is kept."""

    url: OptionalDatabaseUrl = None
    """The PostgreSQL database to keep the history in, such as postgresql://candela@db.example.com/candela; the password
    is read from PGPASSWORD, or from the file in PGPASSFILE. docs/postgres.md explains it. "" keeps it in a SQLite
    database in the data directory."""


class AuditSettings(_Section):
    """[audit]: how long it is kept who changed keys, budgets and rules, and who read what others asked."""

    keep_days: int = Field(0, ge=0, le=36_500)
    """Days after which entries of the audit log are removed, in addition to the current day. 0 keeps them."""


class CacheSettings(_Section):
    """[cache]: the prompt cache."""

    ask_provider: bool = False
    """Ask Anthropic why the prompt cache missed: adds diagnostics.previous_message_id to the requests of Claude Code on
    the direct route. Requests stay as they are if this is off."""


class AttentionSettings(_Section):
    """[ui.attention]: notifications while you look at another window."""

    how: Literal["off", "bell", "osc9", "osc777"] = "off"
    """How to notify you: the terminal's bell, or a desktop notification (osc9: iTerm2, kitty, Windows Terminal,
    ghostty; osc777: urxvt, foot, ghostty, VTE). tmux needs `set -g allow-passthrough on` for notifications."""
    idle: bool = True
    """Notify when a session that was busy for over a minute becomes idle."""
    errors: bool = True
    """Notify when a request still fails after the client retried it."""
    budgets: bool = True
    """Notify when a budget warns or refuses requests."""
    cost_marks_usd: tuple[Price, ...] = ()
    """Cost thresholds at which to notify, such as [5, 20]: today's total of all sessions, in USD."""


class UiSettings(_Section):
    """[ui]: the dashboard."""

    theme: str = "candela-dark"
    """The dashboard's theme. A theme chosen in the dashboard is remembered and overrides this one."""
    density: Literal["auto", "standard", "compact"] = "auto"
    """How much space the lists take. A density chosen in the dashboard overrides this one. auto is compact in a small
    terminal."""
    reduced_motion: bool = False
    """Turn off spinners and smooth scrolling, and redraw live content once a second."""
    keys: dict[str, str] = Field(default_factory=dict)
    """Key bindings by action name, as listed in the help (?): "requests.filter" = "f,slash". "" removes the key."""
    attention: AttentionSettings = _section(AttentionSettings)


class Settings(_Section):
    """All settings in config.toml."""

    proxy: ProxySettings = _section(ProxySettings)
    intercept: InterceptSettings = _section(InterceptSettings)
    anthropic: AnthropicSettings = _section(AnthropicSettings)
    vertex: VertexSettings = _section(VertexSettings)
    aws: AwsSettings = _section(AwsSettings)
    mantle: MantleSettings = _section(MantleSettings)
    claude_aws: ClaudeAwsSettings = _section(ClaudeAwsSettings)
    foundry: FoundrySettings = _section(FoundrySettings)
    claude_google_cloud: ClaudeGoogleCloudSettings = _section(ClaudeGoogleCloudSettings)
    openai: OpenAiSettings = _section(OpenAiSettings)
    models: dict[str, ModelNames] = Field(default_factory=dict)
    """The providers' ids of models, by the name that the client requests. Needed only if candela's own mapping is
    wrong: "claude-opus-4-8" = { vertex = "ID", bedrock = "ID or ARN" }."""
    pricing: PricingSettings = _section(PricingSettings)
    history: HistorySettings = _section(HistorySettings)
    store: StoreSettings = _section(StoreSettings)
    audit: AuditSettings = _section(AuditSettings)
    cache: CacheSettings = _section(CacheSettings)
    ui: UiSettings = _section(UiSettings)
    keys: KeysSettings = _section(KeysSettings)
    team: TeamSettings = _section(TeamSettings)
    sessions: SessionsSettings = _section(SessionsSettings)
    rules: RulesSettings = _section(RulesSettings)
    sinks: SinkSettings = _section(SinkSettings)
    metrics: MetricsSettings = _section(MetricsSettings)
    telemetry: TelemetrySettings = _section(TelemetrySettings)
