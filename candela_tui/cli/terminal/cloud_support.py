"""Print what each cloud accepts for a model."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from candela_tui.cli.invocation import Invocation
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.report import SIGNS
from candela_tui.protocol.clouds.support import Cloud
from candela_tui.protocol.clouds.support_table import BEDROCK, VERTEX
from candela_tui.protocol.clouds.support_view import Support, support_of
from candela_tui.protocol.model_ids import model_name
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.registry import checks_of
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe

_HEADS = ("FLAG OR FIELD", "IS", "BECAUSE", "SOURCE", "AS OF")


@dataclass(frozen=True, slots=True)
class OnCloud:
    """A model on one of the clouds that requests are mapped for."""

    provider: Provider
    cloud: Cloud
    id: CheckLine
    """The model's id there, or why it has none."""
    support: tuple[Support, ...]


async def on_clouds(invocation: Invocation, model: str) -> list[OnCloud]:
    """Return what each cloud accepts for a model, also by the user's settings. Contacts no cloud."""
    settings = invocation.settings()
    machine = DoctorContext(invocation.paths, settings, online=False)
    found = []
    for provider, cloud, betas, ids in (
        (Provider.VERTEX, VERTEX, settings.vertex.betas, {name: own.vertex for name, own in settings.models.items()}),
        (Provider.BEDROCK, BEDROCK, settings.aws.betas, {name: own.bedrock for name, own in settings.models.items()}),
    ):
        check = checks_of(provider).model
        assert check is not None
        known = model_name(model)
        if known.version is None and (own := ids.get(model)):
            known = model_name(own)
        found.append(OnCloud(provider, cloud, await check(machine, model), support_of(cloud, known, betas)))
    return found


def support_lines(found: Iterable[OnCloud], width: int | None) -> list[str]:
    """Return a table for each cloud, first what is left out or changed."""
    lines: list[str] = []
    for one in found:
        sign = next(sign for state, sign in SIGNS.items() if state == one.id.state)
        lines += [PROVIDERS[one.provider].title, f"  {sign} {terminal_safe(one.id.words)}"]
        lines += [f"    → {terminal_safe(one.id.fix)}"] if one.id.fix else []
        rows = [(each.name, each.effect, each.why, each.source.text, each.source.date) for each in _ordered(one)]
        lines += ["", *table(_HEADS, rows, flexible=2, width=width).splitlines(), ""]
        lines.append(
            f"To change it, set flags in [{one.cloud.setting}] of config.toml: true sends a flag, false leaves it out, "
            "and a name sends it as that."
        )
        lines.append("")
    lines.append("Every other provider gets requests unchanged.")
    return lines


def support_document(found: Iterable[OnCloud]) -> list[dict[str, Any]]:
    """Return the same for programs."""
    return [
        {
            "provider": one.provider,
            "id": {"state": one.id.state, "words": one.id.words, "fix": one.id.fix or None},
            "settings": one.cloud.setting,
            "support": [
                {
                    "kind": "flag" if each.is_flag else "field",
                    "name": each.name,
                    "sent": each.sent,
                    "effect": each.effect,
                    "why": each.why or None,
                    "source": each.source.text or None,
                    "date": each.source.date or None,
                }
                for each in one.support
            ],
        }
        for one in found
    ]


def _ordered(one: OnCloud) -> list[Support]:
    return sorted(one.support, key=lambda each: (each.sent, each.effect == "sent"))
