"""Checks side by side: one that fails or hangs never hides the others."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from candela_tui.doctor.check_result import CheckResult, CheckState, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.run_checks import Check, blocking, gather_results, run_checks
from tests.doctor.conftest import MakeContext

FINE = Topic("proxy.fine", "Fine")
OTHER = Topic("proxy.other", "Other")


async def fine(_context: DoctorContext) -> Sequence[CheckResult]:
    return [FINE.ok("all is well")]


async def test_a_check_that_fails_says_so_without_what_it_read_and_the_others_stand(make_context: MakeContext) -> None:
    async def fails(_context: DoctorContext) -> Sequence[CheckResult]:
        raise ValueError("sk-ant-secret")

    checks = await gather_results(make_context(), [Check(OTHER, fails), Check(FINE, fine)])
    assert checks == [OTHER.unknown("this check itself failed (ValueError)"), FINE.ok("all is well")]


async def test_a_check_that_hangs_is_unknown_after_its_time(make_context: MakeContext) -> None:
    never = threading.Event()

    def hangs(_context: DoctorContext) -> Sequence[CheckResult]:
        never.wait()
        return []

    async def does_not_end(_context: DoctorContext) -> Sequence[CheckResult]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await done.wait()
        return []

    done = asyncio.Event()
    checks = [
        Check(OTHER, blocking(hangs), limit_s=0.05),
        Check(OTHER, does_not_end, limit_s=0.05),
        Check(FINE, fine),
    ]
    try:
        found = await gather_results(make_context(), checks)
    finally:
        never.set()
        done.set()
    unknown = OTHER.unknown("no answer within 0.05 s")
    assert found == [unknown, unknown, FINE.ok("all is well")]


def test_a_library_that_hangs_in_a_thread_does_not_hold_the_command(make_context: MakeContext) -> None:
    never = threading.Event()

    async def resolves(_context: DoctorContext) -> Sequence[CheckResult]:
        await asyncio.to_thread(never.wait)
        return []

    try:
        assert run_checks(make_context(), [Check(OTHER, resolves, limit_s=0.05)]) == [
            OTHER.unknown("no answer within 0.05 s")
        ]
    finally:
        never.set()


@pytest.mark.parametrize("online", [True, False])
async def test_offline_no_provider_is_asked(make_context: MakeContext, online: bool) -> None:
    checks = await gather_results(make_context(online=online), [Check(FINE, fine, asks_providers=True)])
    assert [check.state for check in checks] == [CheckState.OK if online else CheckState.UNKNOWN]
