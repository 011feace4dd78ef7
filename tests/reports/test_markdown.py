"""A session as a document to read."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from candela_tui.exchange import Delegation, Outcome
from candela_tui.ledger.session_requests import session_requests
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.reports.markdown import MARKDOWN
from candela_tui.reports.markdown_conversation import quotation
from candela_tui.reports.report import Export, export_of
from candela_tui.store.history import NoBodies
from tests.reports.exchanges import SESSION, Crossed, exchange, written

_MARKDOWN = MarkdownIt("commonmark")


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

## Conversation

*The body was not recorded.*

## Sub-agent Explore · Count files

*The body was not recorded.*

*✗ overloaded\\_error: Overloaded*
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


def conversation(*, request: dict[str, Any], answer: bytes, **changes: Any) -> str:
    """The part of the document that has the conversation."""
    whole = exchange(response_headers=(("content-type", "text/event-stream"),), **changes)
    crossed = Crossed(whole, json.dumps(request).encode(), (answer,), (1.0,))
    text = b"".join(MARKDOWN.pieces(export_of([whole], crossed))).decode()
    return text.partition("## Conversation\n")[2]


ANSWER = b"".join(
    b"event: %b\ndata: %b\n\n" % (event["type"].encode(), json.dumps(event).encode())
    for event in (
        {"type": "message_start", "message": {"type": "message", "usage": {}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I **look**:"}},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "t2", "name": "Bash", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": '{"command": "ls"}'},
        },
    )
)


def test_the_conversation_reads_as_it_went() -> None:
    request = {
        "messages": [
            {"role": "user", "content": "<system-reminder>x</system-reminder>\nfix the test"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "a"}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "```\nold"}]},
        ]
    }
    assert (
        conversation(request=request, answer=ANSWER)
        == """
### User

> fix the test

### Claude

**→ Read**

```
{
  "path": "a"
}
```

**← Read**

````
```
old
````

> I **look**:

**→ Bash**

```
{
  "command": "ls"
}
```
"""
    )


def test_what_a_rule_did_about_a_call_is_said_below_the_answer() -> None:
    rules = (RuleAction("no listing", "mark", False, "Bash is denied by Bash(ls *)", "t2"),)

    told = conversation(request={"messages": [{"role": "user", "content": "look"}]}, answer=ANSWER, rules=rules)

    assert told.endswith('*Rule "no listing": Bash is denied by Bash(ls \\*) · noted*\n')


def test_what_was_said_keeps_its_markdown_but_becomes_neither_html_nor_a_picture() -> None:
    said = "a <b>b</b> ![x](http://evil.example/x) `<c>`\n\n~~~\n<d> ![y](z)\n~~~\n# <e>"
    assert list(quotation(said)) == [
        *("", "> a &lt;b>b&lt;/b> \\![x](http://evil.example/x) `<c>`", ">"),
        *("> ~~~", "> <d> ![y](z)", "> ~~~", "> # &lt;e>"),
    ]


@given(st.text())
def test_no_text_leaves_its_quotation(text: str) -> None:
    tokens = _MARKDOWN.parse("\n".join(quotation(text)) + "\n\nafter")
    outermost = [token.type for token in tokens if token.level == 0]
    assert outermost[-2:] == ["paragraph_open", "paragraph_close"]
    assert "html_block" not in {token.type for token in tokens}


def test_a_long_result_is_cut_and_says_so() -> None:
    content = [{"type": "tool_result", "tool_use_id": "t1", "content": "line\n" * 50}]
    text = conversation(request={"messages": [{"role": "user", "content": content}]}, answer=b"")
    assert text.count("line\n") == 30
    assert "*100 more characters*" in text


def test_totals_are_those_of_the_requests_in_the_document() -> None:
    read = session_requests(SESSION, [exchange(1), exchange(2)], lambda each: each.id == "0198-0002")
    text = b"".join(MARKDOWN.pieces(Export([read], NoBodies()))).decode()
    assert "| Requests | 1 |" in text
