"""Tests that take ``claude`` run once with each client that there is."""

import os

import pytest

from candela_tui.claude_code.installed import written
from tests.e2e.claude import Claude, clients

_MISSING = (
    "the claude client is not installed (npm install -g @anthropic-ai/claude-code, or its path in CANDELA_TEST_CLAUDE)"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each client. Tests of one module and client share a worker, and so the runs of their fixtures."""
    if "claude" not in metafunc.fixturenames:
        return
    cases = []
    for client in clients() or [None]:
        name = "no client" if client is None else written(client.version) if client.version else client.path
        group = pytest.mark.xdist_group(f"{metafunc.module.__name__} {name}")
        cases.append(pytest.param(client, id=name, marks=group))
    metafunc.parametrize("claude", cases, indirect=True, scope="session")


@pytest.fixture(scope="session")
def claude(request: pytest.FixtureRequest) -> Claude:
    """A client; skips the test where there is none, fails it on CI."""
    client = request.param
    if client is None:
        if os.environ.get("CI"):
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)
    assert isinstance(client, Claude)
    return client
