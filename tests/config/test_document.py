"""TOML that candela writes itself is read back as what it was made from."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import change_setting, toml_document
from candela_tui.text.terminal_safe import is_terminal_safe_lines

_NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(st.integers(0, 9), max_size=3),
)


_TABLES = st.recursive(
    st.dictionaries(_NAMES, _VALUES, max_size=4), lambda inner: st.dictionaries(_NAMES, inner, max_size=3)
)


@given(_TABLES)
def test_any_table_is_read_back(table: dict[str, Any]) -> None:
    text = toml_document(table)
    assert tomllib.loads(text) == table
    assert is_terminal_safe_lines(text)


def test_comments_stand_above_their_keys_and_none_is_left_out() -> None:
    table = {"proxy": {"port": 8181, "base": None, "limits": {"most": Decimal("0.10")}}}
    comments = {("proxy", "port"): "The port.", ("proxy", "limits"): "All limits."}
    assert toml_document(table, comments).splitlines() == [
        "[proxy]",
        "# The port.",
        "port = 8181",
        "",
        "# All limits.",
        "[proxy.limits]",
        "most = 0.10",
    ]


def test_a_setting_of_a_file_that_is_new_is_written_as_a_whole_document(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    change_setting(path, ("pricing", "models", "nova-1.5"), {"input": Decimal("3.50"), "output": 15})
    assert path.read_text() == '[pricing.models."nova-1.5"]\ninput = 3.50\noutput = 15\n'
    change_setting(path, ("pricing", "models", "nova-1.5"), None)
    assert tomllib.loads(path.read_text()).get("pricing", {}).get("models", {}) == {}
