"""The list of models for clients of both APIs: Anthropic's shape with OpenAI's members.

Sources: https://docs.claude.com/en/api/models-list, https://platform.openai.com/docs/api-reference/models/list
"""

from datetime import datetime
from typing import Any

import msgspec

from candela_tui.protocol.raw_json import decode_json


def models_for_both(body: bytes) -> bytes:
    """Add OpenAI's members to a list of models or one model in Anthropic's shape; other bodies stay unchanged."""
    document = decode_json(body)
    if not isinstance(document, dict):
        return body
    if isinstance(document.get("data"), list):
        models = [_both(model) if isinstance(model, dict) else model for model in document["data"]]
        return msgspec.json.encode({"object": "list", **document, "data": models})
    return msgspec.json.encode(_both(document)) if document.get("type") == "model" else body


def _both(model: dict[str, Any]) -> dict[str, Any]:
    return {"object": "model", "created": _seconds(model.get("created_at")), "owned_by": "anthropic", **model}


def _seconds(created_at: object) -> int:
    """Return seconds since 1970; 0 stands for an unknown time, as in Anthropic's own list."""
    try:
        return int(datetime.fromisoformat(created_at).timestamp()) if isinstance(created_at, str) else 0
    except (ValueError, OverflowError):
        return 0
