"""An exception in any step of recording, of a rule or of storing: no request notices, and the user is told."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
import pytest_asyncio

from candela_tui.exchange import Outcome
from candela_tui.store.reader import StoreReader
from tests.faults.client import End, View, asked
from tests.faults.places import BEDROCK, CHAT, DIRECT, Place
from tests.faults.setting import Setting, setting
from tests.store.recording import exchange, store_whole, writing

pytestmark = pytest.mark.xdist_group("injected faults")

OURS = "candela_tui."
NOT_INJECTED = {
    "Capture.begin": "the one call that the relay makes: an append",
    "Feed.notify": "tells the user",
    "Feed.pass_on": "tells the user",
    "StoreWriter._run": "the thread itself",
    "StoreWriter._disconnect": "the end of the thread",
}
"""Steps by their qualified name, each with the reason."""
RULES = ("candela_tui.rules.models", "candela_tui.rules.budgets.rule")
"""The modules of rules that pass requests on where they fail."""


class Injected(Exception):
    """Raised at the beginning of a step."""


def module_of(frame: FrameType) -> str:
    """The module whose code runs in a frame."""
    return str(frame.f_globals.get("__name__", ""))


def is_step(frame: FrameType) -> bool:
    """Whether code of candela runs for the capture or for a rule, and not for the provider's route behind the rule."""
    if not module_of(frame).startswith(OURS) or frame.f_code.co_qualname in NOT_INJECTED:
        return False
    above: FrameType | None = frame
    while above is not None:
        if above.f_code.co_qualname.startswith("Capture.") or module_of(above) in RULES:
            return True
        if above is not frame and module_of(above).startswith("candela_tui.providers"):
            return False
        above = above.f_back
    return False


class Steps:
    """Notes each step that runs while it is the profiler."""

    def __init__(self, is_step: Callable[[FrameType], bool]) -> None:
        self._is_step = is_step
        self.found: dict[CodeType, str] = {}

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code not in self.found and self._is_step(frame):
            self.found[frame.f_code] = f"{module_of(frame)}:{frame.f_code.co_qualname}"


class Fault:
    """Raises once at the beginning of a step while it is the tracer."""

    def __init__(self, step: CodeType, is_step: Callable[[FrameType], bool]) -> None:
        self._step = step
        self._is_step = is_step
        self.raised = False

    def __call__(self, frame: FrameType, _event: str, _argument: Any) -> None:
        if not self.raised and frame.f_code is self._step and self._is_step(frame):
            self.raised = True
            raise Injected


@contextmanager
def tracing(tracer: Any) -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Setting]:
    budget = {"name": "b", "limit_usd": 1000, "match": "model:claude"}
    rules = {"models": {"deny": ["claude-instant-*"]}, "budgets": [budget]}
    async with setting(tmp_path_factory.mktemp("injected"), more={"rules": rules}) as running:
        # Without the price data, the first requests would take other steps.
        await running.candela.proxy._warming
        yield running


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("place", [DIRECT, BEDROCK, CHAT], ids=lambda place: place.name)
async def test_an_exception_in_any_step_of_capture_ledger_rule_or_sink(here: Setting, place: Place) -> None:
    await here.asked(place, place.request())
    steps = Steps(is_step)
    sys.setprofile(steps)
    await here.asked(place, place.request())
    sys.setprofile(None)
    assert len(steps.found) > 200
    noticed = {}
    for step, name in steps.found.items():
        if name not in _DONE:
            _DONE.add(name)
            noticed[name] = await _what_is_noticed(here, place, Fault(step, is_step))
    assert {name: what for name, what in noticed.items() if what} == {}
    view, exchange = await here.asked(place, place.request())
    assert (view.end, exchange.outcome, exchange.cost is not None) == (End.WHOLE, Outcome.OK, True)


_DONE: set[str] = set()
"""What another place has tried."""


async def _what_is_noticed(here: Setting, place: Place, fault: Fault) -> str:
    """What is wrong after a fault; "" if the client got its answer, the user a notice, and recording goes on."""
    candela = here.candela
    candela.feed._notices = []
    with tracing(fault):
        view = await asked(candela.port, place.path, place.request())
        capture = candela.proxy._capture
        async with asyncio.timeout(30):
            # Capture has no event for this.
            while (capture._waiting or capture._live) and not candela.proxy._capturing.done():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
    return _wrong(view, place, fault, candela.feed._notices)


def _wrong(view: View, place: Place, fault: Fault, notices: list[Any]) -> str:
    if (view.end, view.status) != (End.WHOLE, 200) or place.last not in view.body:
        return f"the client saw {view}"
    if fault.raised and not any("the log says why" in notice.text for notice in notices):
        return "nobody told the user"
    return ""


def is_stored_by(frame: FrameType) -> bool:
    """Whether code of candela runs in the store's thread."""
    ours = module_of(frame).startswith(OURS) and frame.f_code.co_qualname not in NOT_INJECTED
    return ours and threading.current_thread().name == "candela-store"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exception_in_any_step_of_the_stores_thread(tmp_path: Path) -> None:
    """The exchange is stored even so, or the user is told that it is not."""
    path = tmp_path / "candela.db"
    reader = StoreReader(path)
    store(path, 1)
    steps = Steps(is_stored_by)
    threading.setprofile(steps)
    store(path, 2)
    threading.setprofile(None)
    assert len(steps.found) > 40
    silent = []
    for number, (step, name) in enumerate(steps.found.items(), 3):
        threading.settrace(Fault(step, is_stored_by))
        try:
            problems = store(path, number)
        finally:
            threading.settrace(None)  # type: ignore[arg-type]
        if not problems and reader.response_body(exchange(number).id) != b"answer":
            silent.append(name)
    assert silent == []
    assert store(path, 1000) == []
    assert reader.response_body(exchange(1000).id) == b"answer"


def store(path: Path, number: int) -> list[str]:
    """Store one exchange with a writer of its own. Returns what the user was told."""
    with writing(path) as (writer, reports):
        store_whole(writer, exchange(number))
    return reports.problems
