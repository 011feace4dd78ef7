"""What fills the context window at a request, summed up by source, as ``analysis.context_parts`` works it out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextSums:
    """Tokens by source. They add up to the measured prompt. None: the body is not kept, so it can't be told."""

    system_tokens: int | None = None
    """The system prompt, wherever in the prompt its sections are."""
    tools_tokens: int | None = None
    messages_tokens: int | None = None
