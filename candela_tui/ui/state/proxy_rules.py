"""Tells the candela that is shown that its rules were changed in config.toml."""

from pathlib import Path

from candela_tui.store.errors import StoreError
from candela_tui.ui.state.proxy_control import ProxyControl


def rules_trouble(control: ProxyControl, config: Path) -> str:
    """Make it read its rules again, and return why those in ``config`` are not in force; "" if they are. Blocks."""
    try:
        state = control.read_rules()
    except StoreError as error:
        return str(error)
    if Path(state.file).resolve() != config.resolve():
        return f"Saved to {config}, but the candela that is shown follows the rules in {state.file}."
    return state.trouble or ""
