"""``candela reconcile``: what it says, and as JSON."""

import json
from decimal import Decimal

from tests.cli.command import Home
from tests.imports.test_reconciliation import asked, crossed
from tests.imports.written import SESSION


async def test_the_two_costs_and_each_difference(home: Home) -> None:
    transcript = asked("msg_1", "msg_2")
    transcript.add("cost-state", totalCostUSD=0.058726)
    transcript.write(home.directory / ".claude" / "projects")
    home.record(crossed(1, "msg_1"))
    document = json.loads((await home.run("reconcile", SESSION[:8], "--json")).out, parse_float=Decimal)
    assert document == {
        "session_id": SESSION,
        "wire_usd": Decimal("0.029363"),
        "wire_at_least": False,
        "client_usd": Decimal("0.058726"),
        "client_source": "transcript",
        "difference_usd": Decimal("0.029363"),
        "items": [
            {
                "id": "req_msg_2",
                "kind": "not_recorded",
                "usd": Decimal("0.029363"),
                "why": "candela did not record this request",
            }
        ],
    }
    assert (await home.run("reconcile", SESSION)).out.splitlines() == [
        "candela      $0.029363",
        "Claude Code  $0.058726   as its transcript states it",
        "difference   +$0.029363",
        "",
        "REQUEST    KIND                 USD  WHY",
        "req_msg_2  not recorded  +$0.029363  candela did not record this request",
    ]


async def test_a_session_of_which_the_client_states_nothing(home: Home) -> None:
    home.record(crossed(1, "msg_1"))
    said = (await home.run("reconcile", SESSION)).out
    assert "Claude Code  –" in said
    unknown = await home.run("reconcile", "nothing")
    assert unknown.code == 1
    assert "No recorded session" in unknown.err
