"""Provider packages are imported one at a time."""

import contextlib
import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest

from candela_tui.providers.identity import Provider
from candela_tui.providers.registry import sign_in_to


def test_threads_do_not_import_packages_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages share modules: two threads in two packages can each wait for a module of the other."""
    load = importlib.import_module
    importing: list[str] = []
    most = 0
    entered = threading.Barrier(2)

    def import_module(name: str) -> ModuleType:
        nonlocal most
        importing.append(name)
        most = max(most, len(importing))
        # The first thread lingers until a second one comes, which none does if they are kept apart.
        with contextlib.suppress(threading.BrokenBarrierError):
            entered.wait(timeout=0.2)
        try:
            return load(name)
        finally:
            importing.remove(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    with ThreadPoolExecutor(len(Provider)) as pool:
        found = list(pool.map(lambda provider: sign_in_to(provider).provider, Provider))
    assert found == list(Provider)
    assert most == 1
