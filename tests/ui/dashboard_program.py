"""A dashboard as a program of its own: ``python -m tests.ui.dashboard_program STORE quiet|crash|busy TURNS_FD END``.

Prints how it ended, for the test that started it.
"""

import json
import os
import sys
import threading
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from candela_tui.config import UiSettings
from candela_tui.exchange import Exchange, Outcome, Recording
from candela_tui.feed import Feed
from candela_tui.protocol.kind import Kind
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import utc_now
from candela_tui.ui.run import run
from candela_tui.ui.state.proxy_status import ProxyStatus


class BrokenReader(StoreReader):
    """Fails as no reader may."""

    def exchanges(self, *_: object, **__: object) -> list[Exchange]:
        """A bug."""
        secret_in_a_local_variable = "sk-ant-" + "local"
        raise ZeroDivisionError(len(secret_in_a_local_variable))


def _busy(feed: Feed, until: threading.Event, turns_to: int) -> None:
    """Publish without end; tell each turn with a byte."""
    started: datetime = utc_now()
    turns = 0
    while not until.wait(0.02):
        turns += 1
        exchange = Exchange(
            id=f"{turns // 50:06}",
            started_at=started,
            method="POST",
            path="/v1/messages",
            route="anthropic-direct",
            session_id="busy",
            kind=Kind.MESSAGES,
            outcome=Outcome.LIVE,
            output_characters=turns,
        )
        feed.keep(exchange.id, Recording(b"{}"))
        feed.publish((exchange,))
        os.write(turns_to, b".")


def main() -> None:
    """Run until told to end."""
    feed, over = Feed(), threading.Event()
    mode = sys.argv[2]
    history = (BrokenReader if mode == "crash" else StoreReader)(Path(sys.argv[1]))
    thread = threading.Thread(target=_busy, args=(feed, over, int(sys.argv[3])))
    if mode == "busy":
        thread.start()
    status = ProxyStatus(address="127.0.0.1:8181", route="anthropic-direct", base_url="https://api.anthropic.com")
    end = run(feed=feed, history=history, status=status, settings=UiSettings())
    over.set()
    Path(sys.argv[4]).write_text(json.dumps(asdict(end)))


if __name__ == "__main__":
    main()
