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
