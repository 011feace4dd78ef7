"""The panel of trust: what candela changed, and proof that all else passed byte for byte."""

import hashlib
from dataclasses import replace
from typing import Any

from candela_tui.analysis.trust import Bodies, Trust, gives_back, trust_of, trust_record, trust_rows, trust_summary
from candela_tui.exchange import Exchange, Imported, Outcome, Overhead
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.claude_code.withheld import MEASURED, measured_for
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.reports.json_text import json_text
from tests.analysis.exchanges import exchange

ASKED = b'{"model":"claude-opus-4-8","messages":[],"stream":true}'
ANSWERED = b"event: message_stop"
HEADERS = (("Host", "127.0.0.1"), ("Anthropic-Beta", "x"))


def relayed(**known: Any) -> Exchange:
    facts: dict[str, Any] = {
        "url": "https://api.anthropic.com/v1/messages",
        "kind": Kind.MESSAGES,
        "request_headers": HEADERS,
        "response_headers": (),
        "provider_request_headers": (),
        "provider_response_headers": (),
    }
    return exchange(1, **{**facts, **known})


def trust(made: Exchange | None = None, **bodies: bytes | None) -> Trust:
    return trust_of(made or relayed(), Bodies(**{"request": ASKED, "answer": ANSWERED, **bodies}))


def said(found: Trust) -> str:
    return "\n".join(f"{row.label}: {row.words}" for row in trust_rows(found))


def test_a_request_that_passed_as_it_was_has_one_hash_for_both_sides() -> None:
    found = trust()
    assert found.request.same
    assert found.answer.same
    digest = hashlib.sha256(ASKED).hexdigest()
    assert f"the same {len(ASKED)} bytes on both sides, byte for byte" in said(found)
    assert f"SHA-256 {digest}" in said(found)
    assert "changed: nothing" in said(found)
    assert trust_record(found)["request"] == {
        "same": True,
        "client": {"bytes": len(ASKED), "sha256": digest},
        "provider": {"bytes": len(ASKED), "sha256": digest},
        "changed_fields": [],
        "changed_headers": [],
    }


def test_a_changed_request_names_each_field_that_differs_and_why() -> None:
    made = relayed(
        adaptations=(Adaptation("field", "stream", "The cloud takes it from the path."),),
        provider_request_headers=(("authorization", "[redacted]"), ("anthropic-beta", "y")),
    )
    sent = b'{"anthropic_version":"bedrock-2023-05-31","messages":[],"model":"opus"}'
    found = trust(made, provider_request=sent)
    assert found.request.same is False
    assert found.request.fields == ("-stream", "+anthropic_version", "~model")
    assert found.request.headers == ("~anthropic-beta", "+authorization")
    assert "left out stream; added anthropic_version; changed model" in said(found)
    assert "field: stream · The cloud takes it from the path." in said(found)
    assert hashlib.sha256(sent).hexdigest() in said(found)
    assert trust_summary(found) == "1 changed, – added before the first byte"


def test_what_a_rule_took_out_is_a_change_and_what_it_only_tried_is_none() -> None:
    denied = RuleAction("no pushes", "end", dry_run=False, words="Bash(git push) is denied")
    found = trust(relayed(rules=(denied, replace(denied, dry_run=True), replace(denied, action="mark"))))
    assert said(found).count("rule: no pushes: Bash(git push) is denied") == 1
    assert "changed: nothing" not in said(found)
    assert trust_summary(found).startswith("1 changed")


def test_what_is_not_recorded_is_not_said_to_be_the_same() -> None:
    found = trust(request=None, answer=None)
    assert found.request.same is None
    assert "can't be compared" in said(found)
    assert trust_summary(found).startswith("not recorded")


def test_the_time_that_candela_added_is_what_was_measured_and_unknown_otherwise() -> None:
    assert "time added: –  not measured" in said(trust())
    found = trust(relayed(overhead=Overhead(0.25, 0.125, 4, 0.4, 0.2)))
    assert "0.375 ms before the first byte (request 0.250 ms, answer 0.125 ms)" in said(found)
    assert "0.100 ms for each of 4 pieces, 0.200 ms at most" in said(found)
    twice = trust(relayed(overhead=Overhead(None, 0.125, 0, 0.0, 0.0)))
    assert "– before the first byte (request –, answer 0.125 ms)" in said(twice)
    assert "sent more than once" in said(twice)


def test_what_did_not_cross_candela_claims_nothing() -> None:
    for made in (relayed(imported=Imported.HAR), relayed(url="", outcome=Outcome.BLOCKED)):
        found = trust(made)
        assert not found.relayed
        assert found.request.same is None
        assert len(trust_rows(found)) == 1
        assert found.measured is None


def test_the_client_withholds_what_was_measured_with_its_version() -> None:
    assert measured_for((2, 1, 332)).version == (2, 1, 332)
    assert measured_for((2, 1, 250)).version == (2, 1, 197)
    assert measured_for((2, 2, 0)) is MEASURED[-1]
    found = trust(relayed(client="claude-cli/2.1.332", betas=("cache-diagnosis-2026-04-07",)))
    assert found.measured is MEASURED[-1]
    back = {each.name: gives_back(each, found) for each in MEASURED[-1].withheld}
    assert back["cache-diagnosis"] == "sent in this request"
    assert back["thinking-binding-controls"] == "nothing at a base URL"
    assert back["haiku for titles"] == "ANTHROPIC_DEFAULT_HAIKU_MODEL"
    assert json_text(trust_record(found))


def test_another_client_withholds_nothing_that_is_known() -> None:
    assert trust(relayed(client="python-httpx/0.27")).measured is None
