"""The parsers keep their promises for every input of the corpus, and for what becomes of it by chance."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
INPUTS = {name: [path.read_bytes() for path in sorted((CORPUS / name).iterdir())] for name in TARGETS}
_BYTES = st.binary(max_size=60)


@st.composite
def spliced(draw: st.DrawFn, inputs: list[bytes]) -> bytes:
    """A piece of one input, anything, and a piece of another."""
    one, other = draw(st.sampled_from(inputs)), draw(st.sampled_from(inputs))
    cut, again = draw(st.integers(0, len(one))), draw(st.integers(0, len(other)))
    return one[:cut] + draw(_BYTES) + other[again:]


@pytest.mark.parametrize("name", TARGETS)
def test_each_input_of_the_corpus(name: str) -> None:
    for data in INPUTS[name]:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_becomes_of_it_by_chance(name: str) -> None:
    @settings(max_examples=20)
    @given(spliced(INPUTS[name]) | _BYTES)
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()


def test_every_folder_of_the_corpus_is_that_of_a_target_and_small() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert all(path.stat().st_size <= 16 * 1024 for path in files)
    assert sum(path.stat().st_size for path in files) <= 256 * 1024
