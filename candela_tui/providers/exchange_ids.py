"""The ids of exchanges, which sort by time."""

import random
import time
from datetime import datetime


def new_id() -> str:
    """Return the id of an exchange that is received now."""
    return f"{_time_part(time.time_ns() // 1000)}{random.getrandbits(24):06x}"


def id_at(moment: datetime) -> str:
    """Return the beginning of the ids of exchanges that are received at a moment."""
    return _time_part(int(moment.timestamp() * 1_000_000))


def _time_part(microseconds: int) -> str:
    return f"{microseconds:014x}"
