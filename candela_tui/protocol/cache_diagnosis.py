"""The field of a request that asks Anthropic why the cache missed.

Source: https://platform.claude.com/docs/en/build-with-claude/cache-diagnostics (November 2026). The answer compares the
request with the one whose answer had the id; only requests with the field are remembered, so the first one has it too,
with null. The beta's flag is only needed by the versions of the API before it was generally available.
"""

import json

from candela_tui.protocol.json_splice import NotSpliceable, Splice
from candela_tui.protocol.raw_json import decode_json

BETA = "cache-diagnosis-2026-04-07"
FIELD = "diagnostics.previous_message_id"
_NAME = "diagnostics"
_QUOTED = b'"diagnostics"'
_MARKED = b'"cache_control"'


def asking_for_reason(body: bytes, previous_id: str | None) -> bytes | None:
    """Return a request that asks why the cache missed since an answer of the client; None if there is nothing to ask
    or the client asks itself.

    All other bytes stay. A body that does not mention the field is not parsed.
    """
    # The last mark is nearly always near the end.
    if body.rfind(_MARKED) < 0 or not body.startswith(b"{"):
        return None
    value = json.dumps({"previous_message_id": previous_id}).encode()
    if _QUOTED not in body:
        return _with_field(body, value)
    try:
        splice = Splice(body)
    except NotSpliceable:
        return None
    member = splice.member(_NAME)
    if member is None:
        return _with_field(body, value)
    stated = decode_json(splice.raw(member))
    if previous_id is None or (isinstance(stated, dict) and stated.get("previous_message_id") is not None):
        return None
    splice.replace(member.value, member.end, value)
    return splice.rendered()


def _with_field(body: bytes, value: bytes) -> bytes:
    # One copy: a body may have 10 MB, and the relay waits.
    return b"".join((b"{", _QUOTED, b":", value, b",", memoryview(body)[1:]))
