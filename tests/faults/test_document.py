"""docs/reliability.md is what the tables of the matrix say, and every test that it names is there."""

import re

import pytest

from tests.faults.document import PATH, ROOT, document, named_tests


def test_the_document_has_the_tables_of_the_matrix() -> None:
    assert PATH.read_text(encoding="utf-8") == document(), "run: uv run python -m tests.faults.document"


@pytest.mark.parametrize("test", named_tests())
def test_every_test_that_it_names_is_there(test: str) -> None:
    file, _, name = test.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE)
