"""Whether what runs is being stored, and which databases were set aside as damaged."""

from collections.abc import Sequence

from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.patient import Patient
from candela_tui.feed import unstored_words
from candela_tui.proxy.listen import running_candela
from candela_tui.store.set_aside import damaged_copies

TOPIC = Topic("data.recording", "Recording")


def check_recording(patient: Patient) -> Sequence[Check]:
    """Ask the running candela, and look beside the database. Blocks."""
    found: list[Check] = []
    running = running_candela(patient.settings.proxy.port)
    if running is not None and running.data_dir == str(patient.paths.data):
        wrong = unstored_words(running.storing)
        if wrong:
            found.append(TOPIC.bad(" ".join(wrong), f"See {patient.paths.log}"))
    copies = damaged_copies(patient.paths.store)
    if copies:
        several = f"{len(copies)} damaged databases were set aside, the last as {copies[-1]}"
        words = several if len(copies) > 1 else f"a damaged database was set aside as {copies[0]}"
        found.append(TOPIC.warn(words, "Its requests are not listed any more. Delete it if you don't need it."))
    return found or [TOPIC.ok("no request was lost, no damaged database was set aside")]
