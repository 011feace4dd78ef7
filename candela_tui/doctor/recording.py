"""Whether what runs is being stored, and which databases were set aside as damaged."""

from collections.abc import Sequence

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.feed import unstored_words
from candela_tui.proxy.listen import running_candela
from candela_tui.store.set_aside import damaged_copies

TOPIC = Topic("data.recording", "Recording")


def check_recording(context: DoctorContext) -> Sequence[CheckResult]:
    """Ask the running candela, and look beside the database. Blocks."""
    found: list[CheckResult] = []
    running = running_candela(context.settings.proxy.port)
    if running is not None and running.data_dir == str(context.paths.data):
        wrong = unstored_words(running.storing)
        if wrong:
            found.append(TOPIC.bad(" ".join(wrong), f"See {context.paths.log}"))
    copies = damaged_copies(context.paths.store)
    if copies:
        several = f"{len(copies)} damaged databases were set aside, the last as {copies[-1]}"
        words = several if len(copies) > 1 else f"a damaged database was set aside as {copies[0]}"
        found.append(TOPIC.warn(words, "Its requests are not listed any more. Delete it if you don't need it."))
    return found or [TOPIC.ok("no request was lost, no damaged database was set aside")]
