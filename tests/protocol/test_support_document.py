"""docs/cloud-support.md has the table of support as it is, and `candela providers MODEL` reads it for one model."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from candela_tui.protocol.clouds.model_range import NO_MODEL
from candela_tui.protocol.clouds.support import Cloud, FlagRow, PlaceRow
from candela_tui.protocol.clouds.support_table import BEDROCK, VERTEX
from candela_tui.protocol.clouds.support_view import EVERY_PLACE, Support, support_of
from candela_tui.protocol.model_ids import model_name

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cloud-support.md").read_text(encoding="utf-8")
CLOUDS = pytest.mark.parametrize("cloud", [VERTEX, BEDROCK], ids=lambda cloud: cloud.name)


def flag_row(row: FlagRow) -> str:
    how = [f"as `{row.sent_as}`"] if row.sent_as else []
    how += [f"only together with `{row.beside}`"] if row.beside else []
    how += ["not where tokens are counted"] if not row.counts else []
    how += [row.why] if row.why else []
    return f"| `{row.flag}` | {row.models} | {', '.join(how)} | {row.source.text} ({row.source.date}) |"


def place_row(row: PlaceRow) -> str:
    how = [f"with {' or '.join(f'`{flag}`' for flag in row.flags)}"] if row.flags else []
    how += [row.why] if row.why else []
    return f"| `{row.path}` | {row.models} | {', '.join(how)} | {row.source.text} ({row.source.date}) |"


def document_rows(cloud: Cloud) -> Iterator[str]:
    """The lines of the cloud's two tables."""
    yield from map(flag_row, cloud.flags.values())
    for place in EVERY_PLACE:
        rows = cloud.places.get(place.path)
        yield from map(place_row, rows or [])
        if not rows:
            yield f"| `{place.path}` | for no model |  | no source lists it |"


@CLOUDS
def test_the_document_has_the_table_of_support(cloud: Cloud) -> None:
    section = DOCUMENT.split(f"\n### {cloud.name}: what is sent\n")[1].split("\n## ")[0].split("\n### ")[0]
    assert re.findall(r"^\| `.*$", section, re.MULTILINE) == list(document_rows(cloud))


def of(cloud: Cloud, model: str, own: dict[str, bool | str] | None = None) -> dict[str, Support]:
    return {each.name: each for each in support_of(cloud, model_name(model), own or {})}


@CLOUDS
def test_a_model_gets_what_its_rows_say(cloud: Cloud) -> None:
    for model in ("claude-sonnet-4-5-20250929", "claude-opus-4-8", "claude-sonnet-5", "claude-opus-5-5"):
        found = of(cloud, model)
        assert found.keys() == {*cloud.flags, *(place.path for place in EVERY_PLACE)}
        for flag, row in cloud.flags.items():
            assert found[flag].sent == (model_name(model) in row.models), flag
        for path, rows in cloud.places.items():
            assert found[path].sent == any(model_name(model) in row.models for row in rows), path
        assert all(each.why for each in found.values() if not each.sent)


def test_effects_are_told_in_words() -> None:
    found = of(BEDROCK, "claude-opus-4-6")
    assert found["messages.*.role"].effect == "moved into the user's turn"
    assert found["tools.*.strict"].effect == "sent"
    assert found["cache_control"].why == "Bedrock's invoke has no automatic caching"
    newer = of(BEDROCK, "us.anthropic.claude-opus-5-5")
    per_turn = newer["per-turn-control-2026-07-01"]
    assert (per_turn.effect, per_turn.why) == ("renamed", "sent as mid-conversation-output-config-2026-07-01")
    assert newer["messages.*.output_config"].why == "mid-conversation-output-config-2026-07-01"


def test_the_users_own_flags_are_shown_as_such() -> None:
    own: dict[str, bool | str] = {
        "context-management-2025-06-27": False,
        "compact-2026-01-12": False,
        "compact-2026-09-04": False,
        "brand-new-2026-12-01": True,
        "fast-mode-2026-02-01": True,
        "mid-conversation-system-2026-04-07": False,
    }
    found = of(VERTEX, "claude-opus-5-5", own)
    assert not found["context_management"].sent
    assert (found["brand-new-2026-12-01"].sent, found["brand-new-2026-12-01"].source.text) == (True, "config.toml")
    assert found["speed"].why == "fast-mode-2026-02-01, your settings say so"
    assert found["messages.*.role"].effect == "moved into the user's turn"


def test_no_row_is_for_no_model_without_a_reason_or_source() -> None:
    for cloud in (VERTEX, BEDROCK):
        for row in cloud.flags.values():
            assert row.models != NO_MODEL or row.why
