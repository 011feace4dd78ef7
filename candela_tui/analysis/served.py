"""Finds what was served differently than requested: another model, speed, tier or place has other costs and results."""

from dataclasses import dataclass

from candela_tui.exchange import Difference, ServiceAsked
from candela_tui.protocol.model_ids import model_name, same_model
from candela_tui.protocol.usage import Usage

_SERVES_TIER = {"auto": ("standard", "priority"), "standard_only": ("standard",)}
"""The tiers that each ``service_tier`` of a request allows. Source: https://docs.claude.com/en/api/service-tiers"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. None leaves it to the provider (the standard speed; for the place, the workspace's)."""

    model: str | None = None
    speed: str | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    cache_ttls: tuple[str, ...] = ()
    """Requested lifetimes of the cache, shortest first."""


def service_asked(asked: Asked) -> ServiceAsked | None:
    """Return what is kept of how a request asked to be served; None if it left all of it to the provider."""
    kept = ServiceAsked(asked.speed, asked.service_tier, asked.inference_geo)
    return kept if kept != ServiceAsked() else None


def differences(asked: Asked, usage: Usage | None, model_used: str | None) -> tuple[Difference, ...]:
    """Compare a request with what its response reports. What the response does not report is not a difference, nor is a
    model that was requested by an ARN that does not name it."""
    found = []
    hidden = asked.model is not None and asked.model.startswith("arn:") and model_name(asked.model).version is None
    if asked.model and model_used and not hidden and not same_model(asked.model, model_used):
        found.append(Difference("model", asked.model, model_used))
    if usage is not None:
        if usage.speed and usage.speed != (asked.speed or "standard"):
            found.append(Difference("speed", asked.speed or "standard", usage.speed))
        tier = asked.service_tier or "auto"
        if usage.service_tier and usage.service_tier not in _SERVES_TIER.get(tier, (tier,)):
            found.append(Difference("service_tier", tier, usage.service_tier))
        geo = usage.inference_geo
        if asked.inference_geo and geo and geo not in (asked.inference_geo, "not_available"):
            found.append(Difference("inference_geo", asked.inference_geo, geo))
        # Breakpoints of both lifetimes allow writes of either.
        if len(asked.cache_ttls) == 1 and (served := served_lifetime(usage)) not in (None, asked.cache_ttls[0]):
            found.append(Difference("cache_ttl", asked.cache_ttls[0], served))
    return tuple(found)


def served_lifetime(usage: Usage) -> str | None:
    """Return the one lifetime for which the cache was written; None for several, none, or unknown."""
    written_5m, written_1h = usage.cache_write_5m_tokens, usage.cache_write_1h_tokens
    if written_5m is None or written_1h is None or bool(written_5m) == bool(written_1h):
        return None
    return "5m" if written_5m else "1h"
