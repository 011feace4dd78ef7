"""Fuzz one parser, led by coverage: ``uv run --group fuzz python -m tests.fuzz TARGET [OPTION OF LIBFUZZER …]``.

It starts from the inputs in ``corpus/TARGET`` and puts what it finds into a temporary directory. An input that fails is
written to ``corpus/TARGET`` itself: the tests then fail for it until the fault is fixed.
"""

import sys
import tempfile
from pathlib import Path

import atheris

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    """Run the target that the first argument names; the other arguments are for libFuzzer."""
    with atheris.instrument_imports(include=["candela_tui"]):
        from tests.fuzz.targets import TARGETS
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"Name a target: {', '.join(TARGETS)}")
    name, *options = sys.argv[1:]
    seeds = CORPUS / name
    seeds.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="candela-fuzz-") as found:
        usual = ["-max_len=4096", "-timeout=10", f"-artifact_prefix={seeds}/"]
        atheris.Setup([sys.argv[0], *usual, *options, found, str(seeds)], TARGETS[name])
        atheris.Fuzz()


main()
