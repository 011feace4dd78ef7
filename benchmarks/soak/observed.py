"""Run the ``candela`` command, and write what its interpreter does to a file, a line of JSON a second.

``python -m benchmarks.soak.observed FILE [ARGUMENTS OF CANDELA]``. Each line has the counts of tasks and threads, and
since the last line the collections of garbage and the holds of the interpreter's lock: how long one thread kept all
others from running Python. Both are in ms of that thread's processor time, which other programs on the machine do not
lengthen.
"""

import asyncio
import gc
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

_EVERY_S = 1.0
_LOOK_EVERY_S = 0.003
_LONG_HOLD_MS = 8.0
_NOT_COUNTED = ("asyncio_", "observer")
"""Threads of asyncio's pools come as they are needed and stay; the observers are not candela's."""
_FRAMES = 4


class _Observer:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._loops: list[asyncio.AbstractEventLoop] = []
        self._collections: list[tuple[int, float]] = []
        self._holds: list[tuple[str, float, str]] = []
        self._began = 0.0

    def start(self) -> None:
        gc.callbacks.append(self._on_collection)
        run = asyncio.Runner.run

        def noted(runner: asyncio.Runner, *arguments: Any, **options: Any) -> Any:
            self._loops.append(runner.get_loop())
            return run(runner, *arguments, **options)

        asyncio.Runner.run = noted  # type: ignore[method-assign, assignment]
        for work in (self._write, self._watch_lock):
            threading.Thread(target=work, name="observer", daemon=True).start()

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        now = time.thread_time()
        if phase == "start":
            self._began = now
        else:
            self._collections.append((info["generation"], round((now - self._began) * 1000, 3)))

    def _watch_lock(self) -> None:
        """Note which thread ran all the time while this one, which wakes every few ms, was late."""
        before: dict[int, float] = {}
        looked = time.monotonic()
        while True:
            time.sleep(_LOOK_EVERY_S)
            now = time.monotonic()
            late = (now - looked - _LOOK_EVERY_S) * 1000 >= _LONG_HOLD_MS
            looked = now
            used: dict[int, float] = {}
            frames = sys._current_frames() if late else {}
            for thread in threading.enumerate():
                if thread.ident is None or not thread.is_alive():
                    continue
                try:
                    used[thread.ident] = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
                except (OSError, ValueError):
                    continue
                ms = (used[thread.ident] - before.get(thread.ident, used[thread.ident])) * 1000
                if late and ms >= _LONG_HOLD_MS and thread.ident != threading.get_ident():
                    self._holds.append((thread.name, round(ms, 1), _where(frames.get(thread.ident))))
            before = used

    def _write(self) -> None:
        with self._path.open("w", buffering=1, encoding="utf-8") as file:
            while True:
                time.sleep(_EVERY_S)
                collections, self._collections = self._collections, []
                holds, self._holds = self._holds, []
                file.write(json.dumps({**self._counts(), "collections": collections, "holds": holds}) + "\n")

    def _counts(self) -> dict[str, Any]:
        tasks: list[str] = []
        for loop in self._loops:
            if loop.is_running():
                try:
                    tasks += [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks(loop)]
                except RuntimeError:
                    # They changed meanwhile, again and again.
                    tasks.append("unknown")
        return {
            "tasks": sorted(tasks),
            "threads": sum(not thread.name.startswith(_NOT_COUNTED) for thread in threading.enumerate()),
        }


def _where(frame: Any) -> str:
    """Return the innermost functions of a thread, and the place in the innermost."""
    if frame is None:
        return ""
    place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
    names: list[str] = []
    while frame is not None and len(names) < _FRAMES:
        names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return f"{place} {' < '.join(names)}"


if __name__ == "__main__":
    _Observer(Path(sys.argv[1])).start()
    sys.argv = ["candela", *sys.argv[2:]]
    from candela_tui.__main__ import main

    main()
