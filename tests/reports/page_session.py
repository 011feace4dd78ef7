"""A session as a page: requests and answers, exported and read again by a parser."""

import json
from decimal import Decimal
from typing import Any

import html5lib
from html5lib.constants import namespaces

from candela_tui.exchange import Exchange
from candela_tui.reports.page.document import page_pieces
from candela_tui.reports.report import export_of
from candela_tui.store.history import NoBodies
from tests.reports.exchanges import exchange

MAIN = {"cache_ttls": ("5m",), "saved": Decimal("0.02")}
_HEADERS = (("content-type", "application/json"),)


class Session(NoBodies):
    """Requests with their bodies."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._requests: dict[str, bytes] = {}
        self._answers: dict[str, bytes] = {}

    def turn(
        self, messages: list[Any], answer: list[Any], *, settings: dict[str, Any] | None = None, **facts: Any
    ) -> Exchange:
        """Add the next request: its messages and other settings, and the content of its answer."""
        added = exchange(len(self.exchanges) + 1, response_headers=_HEADERS, **{**MAIN, **facts})
        self.exchanges.append(added)
        request = {"model": "claude-opus-4-8", "messages": messages, **(settings or {})}
        self._requests[added.id] = json.dumps(request).encode()
        self._answers[added.id] = json.dumps({"type": "message", "content": answer}).encode()
        return added

    def exchange(self, id_or_prefix: str, /) -> Exchange | None:
        return next((each for each in self.exchanges if each.id == id_or_prefix), None)

    def request_body(self, exchange_id: str, /) -> bytes | None:
        return self._requests.get(exchange_id)

    def response_chunks(self, exchange_id: str, after: int = 0, /) -> tuple[list[bytes], list[float]]:
        answer = self._answers.get(exchange_id)
        return ([answer], [0.0]) if answer is not None else ([], [])

    def answer_with(self, added: Exchange, body: bytes) -> None:
        """Replace the body of an answer."""
        self._answers[added.id] = body

    def forget_request(self, added: Exchange) -> None:
        """Remove the body of a request, as retention does."""
        del self._requests[added.id]

    def page(self) -> bytes:
        """Return the page."""
        return b"".join(page_pieces(export_of(self.exchanges, self)))


class Page:
    """A page, parsed as browsers do (html5lib follows the HTML standard)."""

    def __init__(self, page: bytes) -> None:
        self._root = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)

    @property
    def elements(self) -> list[Any]:
        return list(self._root.iter())

    def of(self, tag: str, kind: str = "") -> list[Any]:
        """Return the elements of a tag that have a class."""
        return [each for each in self._root.iter(tag) if not kind or kind in each.get("class", "").split()]

    def texts(self, tag: str = "div", kind: str = "t") -> list[str]:
        """Return the text of each element of a tag and class."""
        return ["".join(each.itertext()) for each in self.of(tag, kind)]

    @property
    def text(self) -> str:
        """Return all that the page says, in one line."""
        return " ".join("".join(self._root.find("body").itertext()).split())


SVG = "{" + namespaces["svg"] + "}"


def user(*blocks: Any) -> dict[str, Any]:
    """A message of the user; a string is a text."""
    return {"role": "user", "content": [text(each) if isinstance(each, str) else each for each in blocks]}


def said(*blocks: Any) -> dict[str, Any]:
    """A message of the model."""
    return {"role": "assistant", "content": [text(each) if isinstance(each, str) else each for each in blocks]}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(tool: str, id: str = "t1", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": tool, "input": arguments}


def result(content: Any, id: str = "t1", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content, **more}


def debugging() -> Session:
    """A session of three turns with a tool, thinking, a sub-agent, and a changed system prompt."""
    session = Session()
    settings = {"system": [text("You are careful.")], "tools": [{"name": "Bash", "description": "Run a command."}]}
    asked = user("<system-reminder>\nCLAUDE.md says so\n</system-reminder>\n", "Why is `test_repeats` **flaky**?")
    first = [{"type": "thinking", "thinking": "It must be the clock."}, text("Let me see."), call("Bash", command="ls")]
    session.turn([asked], first, settings=settings)
    history = [asked, said(*first), user(result("a.py\nb.py"))]
    second = [call("Agent", "t2", prompt="Count files"), text("I ask Explore.")]
    session.turn(history, second, settings=settings)
    history += [said(*second), user(result("Two.", "t2"))]
    changed = {**settings, "system": [text("You are brave.")]}
    session.turn(history, [text("# Found\nIt sleeps:\n```py\ntime.sleep(1)\n```\nThat is all.")], settings=changed)
    session.turn([user("Count files")], [text("There are two.")], agent_id="a1", agent_type="Explore", task="Count")
    return session
