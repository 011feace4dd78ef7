"""Checks side by side: one that fails or hangs never hides the others."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from candela_tui.diagnosis.check import Check, State, Topic
from candela_tui.diagnosis.examine import Examination, blocking, examine, examined
from candela_tui.diagnosis.patient import Patient
from tests.diagnosis.conftest import MakePatient

FINE = Topic("proxy.fine", "Fine")
OTHER = Topic("proxy.other", "Other")


async def fine(_patient: Patient) -> Sequence[Check]:
    return [FINE.ok("all is well")]


async def test_a_check_that_fails_says_so_without_what_it_read_and_the_others_stand(make_patient: MakePatient) -> None:
    async def fails(_patient: Patient) -> Sequence[Check]:
        raise ValueError("sk-ant-secret")

    checks = await examine(make_patient(), [Examination(OTHER, fails), Examination(FINE, fine)])
    assert checks == [OTHER.unknown("this check itself failed (ValueError)"), FINE.ok("all is well")]


async def test_a_check_that_hangs_is_unknown_after_its_time(make_patient: MakePatient) -> None:
    never = threading.Event()

    def hangs(_patient: Patient) -> Sequence[Check]:
        never.wait()
        return []

    async def does_not_end(_patient: Patient) -> Sequence[Check]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await done.wait()
        return []

    done = asyncio.Event()
    examinations = [
        Examination(OTHER, blocking(hangs), limit_s=0.05),
        Examination(OTHER, does_not_end, limit_s=0.05),
        Examination(FINE, fine),
    ]
    try:
        found = await examine(make_patient(), examinations)
    finally:
        never.set()
        done.set()
    unknown = OTHER.unknown("no answer within 0.05 s")
    assert found == [unknown, unknown, FINE.ok("all is well")]


def test_a_library_that_hangs_in_a_thread_does_not_hold_the_command(make_patient: MakePatient) -> None:
    never = threading.Event()

    async def resolves(_patient: Patient) -> Sequence[Check]:
        await asyncio.to_thread(never.wait)
        return []

    try:
        assert examined(make_patient(), [Examination(OTHER, resolves, limit_s=0.05)]) == [
            OTHER.unknown("no answer within 0.05 s")
        ]
    finally:
        never.set()


@pytest.mark.parametrize("online", [True, False])
async def test_offline_no_provider_is_asked(make_patient: MakePatient, online: bool) -> None:
    checks = await examine(make_patient(online=online), [Examination(FINE, fine, asks_providers=True)])
    assert [check.state for check in checks] == [State.OK if online else State.UNKNOWN]
