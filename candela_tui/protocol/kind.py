"""The kinds of requests."""

from enum import StrEnum


class Kind(StrEnum):
    """The purpose of a request."""

    MESSAGES = "messages"
    TITLE = "title"
    CLASSIFIER = "classifier"
    """Asks a model whether a tool call may run without the user's approval."""
    COMPACTION = "compaction"
    """Asks for a summary of the conversation, to continue with it."""
    SIDE = "side"
    """Any other request that the client makes outside the conversation."""
    COUNT_TOKENS = "count_tokens"
    MODELS = "models"
    PROBE = "probe"
    OTHER = "other"


SIDE_KINDS = frozenset({Kind.TITLE, Kind.CLASSIFIER, Kind.SIDE, Kind.COUNT_TOKENS, Kind.MODELS, Kind.PROBE})
"""Requests outside the conversation, which are no turns of an agent."""

FREE_KINDS = frozenset({Kind.COUNT_TOKENS, Kind.MODELS})
"""Requests that no model answers and no provider bills."""

NO_MESSAGE = frozenset({Kind.COUNT_TOKENS, Kind.MODELS, Kind.OTHER})
"""Kinds of requests that are not answered with a message."""
