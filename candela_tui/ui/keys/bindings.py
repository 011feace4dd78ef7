"""How all widgets, screens and the app declare their keys."""

from textual.binding import Binding


def bind(
    id: str,
    keys: str,
    action: str,
    name: str,
    meaning: str = "",
    *,
    shown_as: str | None = None,
    footer: bool = False,
    priority: bool = False,
) -> Binding:
    """Return a binding that the help, the command palette and config.toml know.

    ``id`` is the action's name in config.toml, such as ``text.fold``. ``name`` is its label in the footer, and
    ``meaning`` its sentence in the help; empty where the name says it all. ``footer`` shows the key in the footer, as
    ``shown_as`` where its own name is long. A key with ``priority`` works before the focused widget sees it.
    """
    return Binding(keys, action, name, show=footer, key_display=shown_as, priority=priority, tooltip=meaning, id=id)
