"""What Claude Code knows of models, by its version."""

import pytest

from candela_tui.protocol.claude_code.models import context_window, counts_geography, knows


@pytest.mark.parametrize(
    ("model", "windows"),
    [
        # In thousands, for 2.1.197, 2.1.229, 2.1.260, 2.1.300 and 2.1.332, as each of them prints it.
        ("claude-opus-5-5", (200, 200, 200, 1000, 1000)),
        ("claude-opus-4-8", (200, 200, 200, 1000, 1000)),
        ("claude-opus-4-7", (200, 200, 200, 1000, 1000)),
        ("claude-opus-4-6", (200, 200, 200, 200, 200)),
        ("claude-sonnet-5", (200, 200, 200, 1000, 1000)),
        ("claude-sonnet-4-6", (200, 200, 200, 200, 200)),
        ("claude-sonnet-4-5-20250929", (200, 200, 200, 200, 200)),
        ("claude-haiku-5-5", (200, 200, 200, 1000, 1000)),
        ("claude-haiku-4-5", (200, 200, 200, 200, 200)),
        ("claude-fable-5", (200, 200, 200, 1000, 1000)),
        ("claude-fable-5-2", (200, 200, 200, 200, 1000)),
        ("my-own-model", (200, 200, 200, 200, 1000)),
    ],
)
def test_the_window_is_the_one_that_each_version_prints(model, windows):
    versions = ((2, 1, 197), (2, 1, 229), (2, 1, 260), (2, 1, 300), (2, 1, 332))
    assert tuple(context_window(version, model) // 1000 for version in versions) == windows


def test_a_version_between_two_that_were_seen_is_like_the_older_one():
    assert context_window((2, 1, 299), "claude-opus-4-8") == 200_000
    assert context_window((2, 1, 331), "my-own-model") == 200_000
    assert context_window((3, 0, 0), "my-own-model") == 1_000_000


def test_a_model_is_known_from_the_version_that_has_its_price():
    assert knows((2, 1, 197), "claude-opus-4-8")
    assert not knows((2, 1, 197), "claude-opus-5")
    assert knows((2, 1, 260), "claude-opus-5[1m]")
    assert not knows((2, 1, 300), "claude-fable-5-2")
    assert not knows((2, 1, 332), "my-own-model")
    assert not knows((2, 1, 100), "claude-opus-4-5")


def test_geography_counts_from_2_1_260_on():
    assert not counts_geography((2, 1, 229))
    assert counts_geography((2, 1, 260))
