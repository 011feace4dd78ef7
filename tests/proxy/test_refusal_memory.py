"""What models refused, as it is remembered."""

from candela_tui.protocol.refusals import Refused
from candela_tui.proxy.upstreams.refusal_memory import RefusalMemory


def test_what_a_model_refused_adds_up_and_is_its_own() -> None:
    memory = RefusalMemory()
    memory.add("opus", Refused(betas=frozenset({"a"})))
    memory.add("opus", Refused(fields=frozenset({"b"})))
    assert memory.of("opus") == Refused(betas=frozenset({"a"}), fields=frozenset({"b"}))
    assert not memory.of("haiku")


def test_a_client_that_sends_whatever_it_likes_does_not_fill_it() -> None:
    memory = RefusalMemory()
    for number in range(1000):
        memory.add("opus", Refused(fields=frozenset({f"made_up_{number}"})))
        memory.add(f"model-{number}", Refused(all_betas=True))
    assert "made_up_999" in memory.of("opus").fields
    assert len(memory.of("opus").fields) <= 100
    assert memory.of("model-999")
    assert not memory.of("model-0")
