"""What a request is for."""

from enum import StrEnum


class Kind(StrEnum):
    """What a request is for."""

    MESSAGES = "messages"
    TITLE = "title"
    CLASSIFIER = "classifier"
    """The client asks whether a tool call may run by itself."""
    COMPACTION = "compaction"
    """The client has the conversation summed up, to go on with the summary."""
    SIDE = "side"
    """Another request of the client's own beside the conversation."""
    COUNT_TOKENS = "count_tokens"
    MODELS = "models"
    PROBE = "probe"
    OTHER = "other"


SIDE_KINDS = frozenset({Kind.TITLE, Kind.CLASSIFIER, Kind.SIDE, Kind.COUNT_TOKENS, Kind.MODELS, Kind.PROBE})
"""What a client asks beside the conversation: no turn of an agent."""
