from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fulltext.recorded_history import RecordedHistory


@pytest.fixture
def history(tmp_path: Path) -> Iterator[RecordedHistory]:
    """An empty store, and its index."""
    recorded = RecordedHistory(tmp_path)
    yield recorded
    recorded.reader.close()
