"""Amounts: money, counts, sizes, shares. What is not known is ``–``, never 0."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

UNKNOWN = "–"


_LEAST = Decimal("0.001")
"""USD below which an amount is not told apart from others."""


CHARACTERS_A_TOKEN = 3.7
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


def exact_money(usd: Decimal) -> str:
    """Return an amount in USD to its last digit, with at least two decimals: ``$0.029363``, ``$0.50``."""
    whole, _, decimals = f"{usd:f}".partition(".")
    return f"${whole}.{decimals.rstrip('0'):0<2}"


def signed_money(usd: Decimal, *, plus: bool = False) -> str:
    """``-$0.12``, and with ``plus`` also ``+$0.12``."""
    if usd < 0:
        return f"-{money(-usd)}"
    return f"+{money(usd)}" if plus and usd else money(usd)


def _rounded(value: Decimal, step: str) -> Decimal:
    return value.quantize(Decimal(step), ROUND_HALF_UP)


def at_least(usd: Decimal) -> str:
    """``≥ $0.03``: what is only a lower bound."""
    return f"≥ {known_part(usd)}"


def cost(usd: Decimal | None, *, lower_bound: bool) -> str:
    """Return a sum of money as text: ``≥ $0.03`` for a lower bound, ``–`` where it is not known."""
    return at_least(usd) if lower_bound and usd is not None else money(usd)


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


def things(number: int, noun: str, plural: str | None = None) -> str:
    """``1 file``, ``1,234 files``."""
    return f"1 {noun}" if number == 1 else f"{number:,} {plural or f'{noun}s'}"


def requests(number: int) -> str:
    """``1 request``, ``1,234 requests``."""
    return things(number, "request")


def size(octets: int) -> str:
    """``812 B``, ``76.6 kB``, ``1.2 MB``."""
    if octets < 1000:
        return f"{octets} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if octets < scale * 999.95:
            return f"{octets / scale:.1f} {unit}"
    return f"{octets / 1e9:.1f} GB"


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


def small_digit(number: int) -> str:
    """Return the last digit of a number, raised: the key that stands before a name."""
    return "⁰¹²³⁴⁵⁶⁷⁸⁹"[number % 10]
