"""What the benchmark of rules prints."""

from benchmarks.rules import compared


def test_what_goes_straight_to_the_provider_is_taken_off() -> None:
    spent = {"straight": [0.0001], "no rules": [0.0003], "ten of each kind": [0.0005]}
    words = " ".join(compared("until the first byte", spent).split())
    assert words == "until the first byte 200 µs added without rules 400 µs with ten of each kind 2.00x"
