"""How often Python looks for garbage: seldom while a command starts.

Importing makes many objects and no garbage. With Python's own thresholds, looking for some takes a tenth of the time
that a command runs. A proxy has its own schedule (``proxy/collector.py``).
"""

import gc

_USUAL = gc.get_threshold()
_YOUNG = 50_000
"""Objects created between two collections. Importing SQLAlchemy, the largest package, creates fewer."""


def collect_seldom() -> None:
    """Look for garbage seldom, as a command needs it that ends soon."""
    gc.set_threshold(_YOUNG)


def collect_as_usual() -> None:
    """Look for garbage as Python does by itself, as a command needs it that runs for hours."""
    gc.set_threshold(*_USUAL)
