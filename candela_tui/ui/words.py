"""Amounts, durations and times in the dashboard's words. Unknown is ``–``, never 0."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from candela_tui.exchange import Cost, Exchange, ToolDuration
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.model_ids import model_name
from candela_tui.ui.clock import Clock

UNKNOWN = "–"
_LEAST = Decimal("0.001")
"""USD below which an amount is not told apart from others."""
_CHARACTERS_A_TOKEN = 3.7
"""Of English text and code with Claude's tokenizer, roughly: good enough for a figure marked ``~``."""


def money(usd: Decimal | None) -> str:
    """``$0.031``, ``$0.12``, ``$4.82``, ``$1,204``."""
    if usd is None:
        return UNKNOWN
    if usd == 0:
        return "$0"
    if usd < _LEAST:
        return "<$0.001"
    if usd < Decimal("0.0995"):
        return f"${_rounded(usd, '0.001')}"
    if usd < Decimal("999.995"):
        return f"${_rounded(usd, '0.01')}"
    return f"${_rounded(usd, '1'):,}"


def _rounded(value: Decimal, step: str) -> Decimal:
    return value.quantize(Decimal(step), ROUND_HALF_UP)


def cost(value: Cost | None) -> str:
    """The total; ``≥ $0.03`` where it is only a lower bound."""
    if value is None:
        return UNKNOWN
    return at_least(value.total) if value.at_least else money(value.total)


def at_least(usd: Decimal) -> str:
    """``≥ $0.03``: what is only a lower bound."""
    return f"≥ {known_part(usd)}"


def known_part(usd: Decimal, width: int | None = None) -> str:
    """The amount of a lower bound, in so many cells: of less than ``$0.001`` its first digit, ``$0.0009``. Where that
    has no room it is ``$0``, which is true as well."""
    if usd >= _LEAST or usd <= 0:
        return money(usd)
    told = f"${usd.quantize(Decimal(1).scaleb(usd.adjusted()), ROUND_DOWN):f}"
    forms = (told, told.replace("$0.", "$.")) if width is not None else (told,)
    return next((form for form in forms if width is None or len(form) <= width), "$0")


def count(number: int | None) -> str:
    """``812``, ``1.2k``, ``96k``, ``1.2M``."""
    if number is None:
        return UNKNOWN
    if number < 1000:
        return str(number)
    for unit, size in (("k", 1e3), ("M", 1e6), ("G", 1e9)):
        scaled = number / size
        if scaled < 9.95:
            return f"{scaled:.1f}{unit}"
        if scaled < 999.5:
            return f"{scaled:.0f}{unit}"
    return f"{number / 1e12:.0f}T"


def size(octets: int) -> str:
    """``812 B``, ``76.6 kB``, ``1.2 MB``."""
    if octets < 1000:
        return f"{octets} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if octets < scale * 999.95:
            return f"{octets / scale:.1f} {unit}"
    return f"{octets / 1e9:.1f} GB"


def duration(milliseconds: float | None) -> str:
    """``12ms``, ``0.8s``, ``34s``, ``2m04``, ``1h02``, ``4d06``."""
    if milliseconds is None:
        return UNKNOWN
    seconds = milliseconds / 1000
    if seconds < 0.0995:
        return f"{milliseconds:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}"
    if whole < 2 * 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}"


def exact_duration(milliseconds: float | None) -> str:
    """To the millisecond: ``0.812 s``."""
    return UNKNOWN if milliseconds is None else f"{milliseconds / 1000:.3f} s"


def percent(share: float | None) -> str:
    """``91%``. What is not all is never rounded up to it, and what is something not down to nothing: ``<1%``."""
    if share is None:
        return UNKNOWN
    if 0 < share < 0.005:
        return "<1%"
    return f"{min(round(share * 100), 99) if share < 1 else 100}%"


def rate(per_second: float | None) -> str:
    """Tokens per second: ``7.5``, ``61``, ``1.6k``."""
    if per_second is None:
        return UNKNOWN
    return f"{per_second:.1f}" if per_second < 9.95 else count(round(per_second))


def age(moment: datetime, now: datetime) -> str:
    """``now``, ``12s ago``, ``2m ago``, ``3h ago``, ``5d ago``."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 5:
        return "now"
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit} ago"
    return f"{seconds}s ago"


_RECENT = timedelta(days=180)
"""How long a date needs no year."""


def time_of_day(moment: datetime, clock: Clock, *, seconds: bool = True) -> str:
    """Return ``12:01:03`` today, ``Nov 20 12:01:03`` on another day, ``2025-01-20 12:01:03`` after half a year.

    Without ``seconds`` other days are shorter: ``Nov 20 12:01``, ``2025-01-20``.
    """
    local = clock.local(moment)
    if clock.today(moment):
        return f"{local:%H:%M:%S}"
    recent = clock.now() - moment < _RECENT
    date = f"{local:%b} {local.day:2}" if recent else f"{local:%Y-%m-%d}"
    if seconds:
        return f"{date} {local:%H:%M:%S}"
    return f"{date} {local:%H:%M}" if recent else date


def small_digit(number: int) -> str:
    """Return the last digit of a number, raised: the key that stands before a name."""
    return "⁰¹²³⁴⁵⁶⁷⁸⁹"[number % 10]


def time_after(moment: datetime, before: datetime, clock: Clock) -> str:
    """Return the time of a moment that is named after another one: the date only where it is another day."""
    local = clock.local(moment)
    same_day = local.date() == clock.local(before).date()
    return f"{local:%H:%M:%S}" if same_day else time_of_day(moment, clock)


def exact_time(moment: datetime, clock: Clock) -> str:
    """``12:01:03.250``, with the date where it isn't today."""
    local = clock.local(moment)
    words = f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"
    return words if clock.today(moment) else f"{local:%Y-%m-%d} {words}"


def model(name: str | None) -> str:
    """A model's name without what all have in common, however a provider spells it: ``opus-4-8``."""
    if name is None:
        return UNKNOWN
    if "anthropic" in name or "@" in name:
        name = model_name(name).base
    short = name.rpartition("/")[2].removeprefix("claude-")
    head, dash, tail = short.rpartition("-")
    return head if dash and len(tail) == 8 and tail.isdigit() else short


def served(exchange: Exchange) -> str:
    """The model that answered, and by which gateway: ``claude-sonnet-4-6, by LiteLLM``."""
    name = exchange.model_used or UNKNOWN
    return f"{name}, by {exchange.gateway}" if exchange.gateway else name


def provider(name: str) -> str:
    """Who runs a model, as people call it."""
    return {"anthropic": "Anthropic", "vertex": "Vertex AI", "bedrock": "Bedrock"}.get(name, name)


_LENGTHS = {"h": "hours", "d": "days"}
_OF_MODELS = {"oi": "Fable", "opus": "Opus", "sonnet": "Sonnet"}
"""Windows that count one model alone; ``oi`` is the one that Claude Code calls the Fable limit (2.1.267, observed)."""


def limit_window(name: str, *, short: bool = False) -> str:
    """A window of a subscription's limits: ``5h`` is ``5 hours``, ``7d_oi`` is ``7 days, Fable`` or ``7d Fable``."""
    length, _, model = name.partition("_")
    model = _OF_MODELS.get(model, model.replace("_", " "))
    if short:
        return f"{length} {model}".rstrip()
    number, unit = length[:-1], _LENGTHS.get(length[-1:])
    written = f"{number} {unit}" if unit and number.isdigit() else length
    return f"{written}, {model}" if model else written


def extra_usage(share: float | None) -> str:
    """Paid usage beyond a subscription's windows, and how much of what it may cost is used: ``extra usage, 30%``."""
    return "extra usage" if share is None else f"extra usage, {percent(share)}"


def dialect(name: str) -> str:
    """What a client speaks."""
    return {
        "messages": "Messages",
        "vertex": "Vertex AI's rawPredict",
        "bedrock": "Bedrock's invoke",
        "openai": "OpenAI's chat completions",
    }.get(name, name)


def way(exchange: Exchange) -> str:
    """What the client speaks, and what becomes of it: ``Messages, mapped to Bedrock``."""
    spoken = dialect(exchange.dialect)
    if exchange.dialect == exchange.provider or (exchange.dialect, exchange.provider) == ("messages", "anthropic"):
        return f"{spoken}, passed on as it is"
    return f"{spoken}, mapped to {provider(exchange.provider)}"


ADAPTED = {"retry": "sent again", "beta": "beta", "field": "field", "message": "message"}
"""What candela changed of a request, in the order in which it is told."""


def difference(what: str) -> str:
    """A thing that was served otherwise than asked, in short: ``tier``, ``geo``, ``cache``."""
    return {"service_tier": "tier", "inference_geo": "geo", "cache_ttl": "cache"}.get(what, what)


KINDS = {
    Kind.MESSAGES: "a turn of the conversation",
    Kind.TITLE: "the session's title",
    Kind.CLASSIFIER: "auto mode's check of an action",
    Kind.COMPACTION: "a summary of the conversation (compaction)",
    Kind.SIDE: "a side request of the client",
    Kind.COUNT_TOKENS: "counting tokens",
    Kind.MODELS: "the list of models",
    Kind.PROBE: "a check of the connection",
    Kind.OTHER: "another request",
}
"""What a request is for, in words."""


def tool_durations(durations: Sequence[ToolDuration]) -> str:
    """``Agent 853ms, Bash 3.6s``: how long the tools took that ran before a request."""
    return ", ".join(f"{each.tool} {duration(each.milliseconds)}" for each in durations)


def estimated_tokens(exchange: Exchange) -> int:
    """Output tokens so far, from the characters that arrived."""
    return round(exchange.output_characters / _CHARACTERS_A_TOKEN)


def tokens_in(octets: int) -> str:
    """``~1.2k``: the tokens that so many bytes of a request are, estimated."""
    return f"~{count(round(octets / _CHARACTERS_A_TOKEN))}"
