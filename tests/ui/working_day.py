"""A day at work with several agents: what the pictures of the dashboard show."""

import base64
import json
import struct
from datetime import timedelta
from typing import Any

from candela_tui.exchange import Delegation, Difference, Exchange, Marks, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from tests.ui.scene import LIVE, NOW, Scene, clues, stream

FIX, IMPORT, STORE, NOTES = "7c1d4f0e-fix", "2b9ae310-import", "e05c77a1-store", "91f3d2b8-notes"
OPUS, SONNET, HAIKU = "claude-opus-4-8", "claude-sonnet-4-5", "claude-haiku-4-5"

SLEEPS = Delegation("Search tests/ for sleeps and fixed dates", "Explore", "find sleeps in tests")
CLOCKS = Delegation("List every call of now() in src/", "Explore", "find calls of now()")
PLAN = Delegation("Plan a clock that tests can set", "Plan", "plan a settable clock")
REVIEW = Delegation("Review the change for races", "code-reviewer", "review the fix")


def subscription_limits(five_hour: float = 0.42, seven_day: float = 0.17) -> tuple[tuple[str, str], ...]:
    """The headers of an answer to a subscription."""
    names = (("5h", five_hour, timedelta(hours=1, minutes=58)), ("7d", seven_day, timedelta(days=3, hours=2)))
    place = "anthropic-ratelimit-unified"
    told = [(f"{place}-status", "allowed")]
    for name, used, left in names:
        told += [
            (f"{place}-{name}-utilization", str(used)),
            (f"{place}-{name}-reset", f"{(NOW + left).timestamp():.0f}"),
            (f"{place}-{name}-status", "allowed"),
        ]
    return tuple(told)


def working_day(scene: Scene) -> None:
    """Four sessions: one at work with sub-agents in parallel, one that meets errors, one of earlier, one of yesterday;
    on the way the client's own requests, tries that failed, and what was served otherwise than asked."""
    _yesterday(scene)
    _storing(scene)
    _importing(scene)
    _fixing(scene)


def _took(seconds: float) -> Marks:
    return Marks(38.0, 640.0, 812.0, seconds * 1000)


def _yesterday(scene: Scene) -> None:
    notes = {"session_id": NOTES, "clues": clues("write the release notes", "/src/site"), "model": SONNET}
    scene.request(ago=91_000, usage=(9, 0, 22_100, 0, 310), marks=_took(9), **notes)
    scene.request(ago=90_950, usage=(4, 22_100, 900, 0, 2210), marks=_took(31), **notes)


def _storing(scene: Scene) -> None:
    store = {"session_id": STORE, "clues": clues("refactor the store", "/src/db", "store/rows"), "cache_ttls": ("5m",)}
    for number in range(6):
        read = 118_000 + 9_000 * number
        scene.request(
            ago=9000 - 70 * number, usage=(12, read, 8_200, 0, 900 + 170 * number), marks=_took(20 + number), **store
        )


def _importing(scene: Scene) -> None:
    about = clues("import customers from CSV", "/src/shop", "feature/csv-import")
    shop: dict[str, Any] = {"session_id": IMPORT, "clues": about, "model": SONNET, "cache_ttls": ("1h",)}
    scene.request(ago=2310, usage=(8, 0, 0, 31_400, 512), marks=_took(14), stop_reason="tool_use", **shop)
    scene.request(ago=2280, usage=(6, 31_400, 0, 1_900, 1480), marks=_took(26), **shop)
    limited = {
        "status": 429,
        "outcome": Outcome.ERROR,
        "error": ApiError("rate_limit_error", "This request would exceed your rate limit of 400,000 tokens a minute"),
        "stop_reason": None,
        "rate_limits": (("retry-after", "34"),),
        "marks": Marks(0.4, 80, None, 81),
    }
    for retry in range(3):
        scene.request(ago=1900 - 5 * retry, retry=retry, **shop, **limited)
    scene.request(ago=1820, usage=(5, 33_300, 0, 2_400, 733), marks=_took(17), **shop)
    scene.request(ago=31, **shop, **{**LIVE, "status": None, "marks": Marks(0.4, None, None, None)})


def _fixing(scene: Scene) -> None:
    fix: dict[str, Any] = {"session_id": FIX, "clues": clues("fix the flaky test")}
    main: dict[str, Any] = {**fix, "cache_ttls": ("5m",), "rate_limits": subscription_limits(), "subscription": True}
    client = {**fix, "model": HAIKU}
    scene.request(ago=1502, kind=Kind.COUNT_TOKENS, path="/v1/messages/count_tokens", **client)
    scene.request(ago=1500, usage=(12, 0, 18_400, 0, 214), tools_called=("Read",), stop_reason="tool_use", **main)
    scene.request(ago=1499, kind=Kind.TITLE, session_title="Fix the flaky clock test", **client)
    overloaded = {
        "status": 529,
        "outcome": Outcome.ERROR,
        "error": ApiError("overloaded_error", "Overloaded"),
        "stop_reason": None,
        "marks": Marks(0.4, 80, None, 81),
    }
    for retry in range(2):
        scene.request(ago=1450 - 4 * retry, retry=retry, **main, **overloaded)
    calling = {"stop_reason": "tool_use", "tools_called": ("Bash", "Grep")}
    scene.request(ago=1440, retry=2, usage=(12, 18_400, 1_204, 0, 902), marks=_took(22), **main, **calling)
    served = (Difference("service_tier", "auto", "standard"),)
    scene.request(ago=1300, usage=(9, 19_604, 14_800, 0, 2_410), marks=_took(58), differences=served, **main)
    scene.request(ago=1100, usage=(7, 34_404, 21_300, 0, 640), marks=_took(12), **main)
    scene.request(
        ago=1010,
        usage=(12, 55_704, 3_100, 0, 1_214),
        marks=_took(30),
        stop_reason="tool_use",
        tools_called=("Agent",),
        delegations=(SLEEPS, CLOCKS, PLAN),
        **main,
    )
    _agents(scene, fix)
    scene.request(ago=610, usage=(12, 58_804, 9_400, 0, 3_320), marks=_took(71), **main)
    cancelled = {"outcome": Outcome.CANCELLED, "stop_reason": None}
    scene.request(ago=420, usage=(12, 68_204, 0, 0, 61), marks=_took(5), **main, **cancelled)
    scene.request(ago=400, usage=(12, 68_204, 18_900, 0, 1_902), marks=_took(44), **main, **calling)
    cut = {"outcome": Outcome.CUT, "stop_reason": None}
    unpriced = {"model": "claude-fable-9", "model_used": "claude-fable-9", "usage": (2, 5, 0, 0, 12)}
    scene.request(ago=300, marks=_took(3), **fix, **unpriced)
    scene.request(ago=240, usage=(12, 87_104, 0, 0, 412), marks=_took(19), **main, **cut)
    scene.request(
        ago=108,
        usage=(12, 87_104, 9_300, 0, 2_118),
        marks=_took(52),
        delegations=(REVIEW,),
        tools_called=("Edit", "Agent"),
        stop_reason="tool_use",
        **main,
    )
    review: dict[str, Any] = {**fix, "agent_id": "a4", "model": SONNET, "task": REVIEW.task}
    scene.request(ago=54, usage=(5, 0, 14_200, 0, 733), marks=_took(21), tools_called=("Read",), **review)
    scene.request(
        ago=12,
        output_characters=790,
        answer=stream(
            "The lock is taken before the clock is read, so two readers can no longer see different days.\n\n",
            "One thing is left: `Ledger.close` reads the clock again",
            thinking="Is there a second reader of the clock? In Ledger.close, perhaps.",
            end=False,
        ),
        **review,
        **LIVE,
    )


def _agents(scene: Scene, fix: dict[str, Any]) -> None:
    """Three at work at the same time."""
    plans = (("a1", SLEEPS, HAIKU, (975, 930, 880)), ("a2", CLOCKS, HAIKU, (972, 910)), ("a3", PLAN, OPUS, (970, 820)))
    for agent_id, delegation, model, agos in plans:
        for number, ago in enumerate(agos):
            scene.request(
                ago=ago,
                agent_id=agent_id,
                task=delegation.task,
                model=model,
                usage=(40, 11_000 * number, 11_000 - 9_000 * bool(number), 0, 402 + 250 * number),
                marks=_took(28 + 9 * number if model is HAIKU else 110),
                stop_reason="end_turn" if ago == agos[-1] else "tool_use",
                **fix,
            )


def _png(width: int, height: int) -> str:
    header = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + header + bytes(3000)).decode()


def _tool(name: str, description: str, **properties: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return {"name": name, "description": description, "input_schema": {**schema, "required": [next(iter(properties))]}}


SYSTEM: list[dict[str, Any]] = [
    {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude."},
    {
        "type": "text",
        "text": "You help with software engineering.\n\n# Tone\nBe concise. Answer in the words of the code base.\n\n"
        "# Tools\n- Read a file before you edit it.\n- Run the tests after each change.\n\n"
        "Working directory: /src/api\nBranch: main\nToday: 2026-11-21",
        "cache_control": {"type": "ephemeral"},
    },
]
TOOLS: list[dict[str, Any]] = [
    _tool("Read", "Reads a file.\n\nThe path must be absolute.", file_path="string", offset="integer"),
    _tool(
        "Edit", "Replaces text in a file, which must have been read.", file_path="string", old="string", new="string"
    ),
    _tool("Bash", "Runs a command in a shell.\n\nQuote paths with spaces. Never wait by sleeping.", command="string"),
    _tool("Grep", "Searches files for a pattern.", pattern="string", path="string"),
    _tool(
        "Agent", "Gives a task to a sub-agent, which answers with a report.", prompt="string", subagent_type="string"
    ),
]
_SOURCE = """\
def test_the_day_ends_at_midnight(ledger):
    ledger.open(now())
    ledger.add(Decimal("4.82"))
    assert ledger.day == now().date()"""
ASKED: list[dict[str, Any]] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "<system-reminder>\nThe user opened tests/test_ledger.py.\n</system-reminder>"},
            {"type": "text", "text": "tests/test_ledger.py fails about once a night on CI. Find out why and fix it."},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": _png(1280, 720)}},
        ],
    },
    {
        "role": "assistant",
        "content": [
            {
                "type": "thinking",
                "thinking": "Once a night: something about midnight.\nThe test reads the clock.",
                "signature": "x",
            },
            {"type": "text", "text": "Once a night sounds like midnight. I look at the test first."},
            {
                "type": "tool_use",
                "id": "toolu_1",
                "name": "Read",
                "input": {"file_path": "/src/api/tests/test_ledger.py"},
            },
            {
                "type": "tool_use",
                "id": "toolu_2",
                "name": "Bash",
                "input": {"command": "pytest tests/test_ledger.py -q"},
            },
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": _SOURCE},
            {
                "type": "tool_result",
                "tool_use_id": "toolu_2",
                "is_error": True,
                "content": "\n".join(f"tests/test_ledger.py::test_{n} PASSED" for n in range(1, 15)) + "\n1 failed",
            },
        ],
    },
]
FOUND: list[dict[str, Any]] = [
    {
        "role": "assistant",
        "content": [
            {
                "type": "text",
                "text": "The test reads `now()` twice: just before midnight the second call is of another day.",
            },
            {
                "type": "tool_use",
                "id": "toolu_3",
                "name": "Edit",
                "input": {
                    "file_path": "/src/api/tests/test_ledger.py",
                    "old": "ledger.open(now())",
                    "new": "ledger.open(moment)",
                },
            },
        ],
    },
    {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "toolu_3", "content": "The file has been changed."}],
    },
]


def conversation(*messages: dict[str, Any], today: str = "2026-11-21") -> bytes:
    """The body of a request."""
    system = [{**block, "text": block["text"].replace("2026-11-21", today)} for block in SYSTEM]
    asked = {"model": OPUS, "max_tokens": 32000, "stream": True, "system": system, "tools": TOOLS, "messages": messages}
    return json.dumps(asked).encode()


def a_request_and_the_one_before(scene: Scene) -> Exchange:
    """Two turns of a main agent, the latter with an answer that thinks, tells and calls a tool; returns that one."""
    about: dict[str, Any] = {"clues": clues("fix the flaky test"), "cache_ttls": ("5m",), "subscription": True}
    scene.request(
        ago=130,
        body=conversation(*ASKED, today="2026-11-20"),
        answer=stream("The test reads `now()` twice."),
        usage=(12, 18_400, 1_204, 0, 902),
        marks=_took(31),
        **about,
    )
    return scene.request(
        ago=60,
        body=conversation(*ASKED, *FOUND),
        answer=stream(
            "Fixed. ",
            "The test takes the time **once** now:\n\n",
            "```python\nmoment = now()\nledger.open(moment)\nassert ledger.day == moment.date()\n```\n\n",
            "I run it a thousand times around midnight to be sure.",
            thinking="The file is changed. Does anything else read the clock twice? Ledger.close may.",
            tool=("Bash", {"command": "pytest tests/test_ledger.py --count 1000", "timeout": 120_000}),
        ),
        usage=(12, 19_604, 2_310, 0, 1_461),
        stop_reason="tool_use",
        tools_called=("Bash",),
        differences=(Difference("service_tier", "auto", "standard"),),
        rate_limits=subscription_limits(),
        marks=_took(24.3),
        piece=120,
        pace_ms=1290,
        **about,
    )


def a_call_that_failed(scene: Scene) -> None:
    """Three tries, all of them refused."""
    for retry in range(3):
        scene.request(
            ago=60 - 9 * retry,
            retry=retry,
            status=529,
            outcome=Outcome.ERROR,
            error=ApiError("overloaded_error", "Overloaded"),
            stop_reason=None,
            marks=Marks(0.4, 80, None, 81),
            body=conversation(*ASKED),
            answer=b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
            clues=clues("fix the flaky test"),
            response_headers=(("Content-Type", "application/json"), ("x-should-retry", "true")),
        )


def an_answer_on_its_way(scene: Scene) -> None:
    """A request whose answer streams."""
    scene.request(
        ago=12,
        body=conversation(*ASKED, *FOUND),
        answer=stream(
            "The test takes the time once now. I run it a thousand ",
            thinking="Does anything else read the clock twice? Ledger.close may.",
            end=False,
        ),
        output_characters=112,
        clues=clues("fix the flaky test"),
        **LIVE,
    )
