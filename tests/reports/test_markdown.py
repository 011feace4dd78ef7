"""A session as a document to read."""

from dataclasses import replace

from candela_tui.exchange import Delegation, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.reports.markdown import MARKDOWN
from tests.reports.exchanges import SESSION, exchange, written


def test_a_session_has_a_heading_its_totals_and_a_table_of_its_requests() -> None:
    main = exchange(1, delegations=(Delegation("Count", "Explore", "Count files"),), client="claude-cli/2.1.332")
    failed = ApiError("overloaded_error", "Overloaded")
    text = written(
        MARKDOWN,
        exchange(
            2, agent_id="a1", task="Count", clues=None, usage=None, cost=None, outcome=Outcome.ERROR, error=failed
        ),
        main,
    )
    assert (
        text
        == f"""\
# fix the flaky test

- Session: {SESSION}
- Time: 2026-11-21 12:01 to 2026-11-21 12:01 UTC
- Directory: /home/me/src/api
- Branch: fix/flaky
- Client: claude-cli/2.1.332

## Totals

|  |  |
| --- | ---: |
| Requests | 2 |
| Failed requests | 1 |
| Sub-agents | 1 |
| Prompt tokens | 7,180 |
| From the cache | 57% |
| Output tokens | 15 |
| Cost | $0.029 |
| Saved by the cache | $0 |

## Requests

| Time (UTC) | Agent | Model | Prompt | Cached | Output | Cost | Took | End |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |
| 12:01:01 | main | opus-4-8 | 7.2k | 57% | 15 | $0.029 | 1.2s | end\\_turn |
| 12:01:02 | Explore | opus-4-8 | – | – | – | – | 1.2s | Overloaded |
"""
    )


def test_text_from_outside_is_no_markup() -> None:
    clues = exchange().clues
    assert clues is not None
    text = written(MARKDOWN, exchange(clues=replace(clues, title="# <b>*a*</b> | [x](y)\n\x1b[2J")))
    assert text.startswith(r"# \# \<b\>\*a\*\</b\> \| \[x\](y) ␛\[2J")
    assert "\x1b" not in text


def test_each_session_is_a_section_and_none_is_an_empty_document() -> None:
    text = written(MARKDOWN, exchange(1), exchange(2, session_id="other", clues=None), exchange(3))
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# fix the flaky test", "# session other"]
    assert written(MARKDOWN) == ""
