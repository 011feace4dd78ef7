from collections.abc import Iterator
from pathlib import Path

import pytest

from candela_tui.store.reader import StoreReader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "candela.db"


@pytest.fixture
def reader(path: Path) -> Iterator[StoreReader]:
    reader = StoreReader(path)
    yield reader
    reader.close()
