"""What the client says that a session cost beside the sum of its answers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from candela_tui.imports.client_sums import ClientSum, CountedAnswer, differences
from tests.imports.written import BEGAN

ONE = Decimal("0.010000000001")


def answer(
    number: int = 0,
    usd: Decimal | None = ONE,
    *,
    session: str = "s",
    client: Decimal | None = None,
    finished: bool = True,
) -> CountedAnswer:
    return CountedAnswer(session, BEGAN + timedelta(seconds=number), usd, client, finished)


def why(client_usd: str, *answers: CountedAnswer) -> tuple[str, ...]:
    [difference] = differences([ClientSum("s", Decimal(client_usd), frozenset())], answers)
    return difference.why


def test_the_noise_of_binary_floats_is_no_difference() -> None:
    assert differences([ClientSum("s", Decimal("0.02"), frozenset())], [answer(), answer()]) == []


@pytest.mark.parametrize(
    ("client_usd", "answers", "reasons"),
    [
        (
            "0.03",
            [answer(), answer()],
            ("requests that the transcript does not keep, such as titles, or other prices: $0.010 more",),
        ),
        (
            "0.01",
            [answer(), answer()],
            ("answers that are not in the client's last sum, or other prices: $0.010 less",),
        ),
        (
            "0.01",
            [answer(), answer(finished=False)],
            ("1 answer without an end, which the client does not count: $0.010",),
        ),
        (
            "0.02005",
            [answer(), answer(finished=False)],
            ("1 answer without an end, whose output the client estimates or leaves out",),
        ),
        (
            "0.03",
            [answer(client=Decimal("0.02")), answer()],
            ("1 answer that the client prices otherwise: $0.010 more",),
        ),
        (
            "0.03",
            [answer(), answer(usd=None)],
            (
                "1 answer without a price here",
                "requests that the transcript does not keep, such as titles, or other prices: $0.020 more",
            ),
        ),
    ],
)
def test_the_reasons_of_a_difference_are_named(
    client_usd: str, answers: list[CountedAnswer], reasons: tuple[str, ...]
) -> None:
    assert why(client_usd, *answers) == reasons


def test_a_fork_begins_with_what_the_other_session_had_cost() -> None:
    answers = [answer(1, session="original"), answer(2), answer(3, session="original")]
    fork = ClientSum("s", Decimal("0.02"), frozenset({"original"}))
    assert differences([fork], answers) == []
