"""Native calls of Vertex AI and Bedrock as requests of the Messages API, for a client whose cloud failed.

This is the way back of ``mapping``. What a cloud has that Anthropic's API does not have is left out; every other byte
of the body stays.
"""

from dataclasses import dataclass

import msgspec

from candela_tui.protocol.headers import HeaderList, beta_flags
from candela_tui.protocol.json_splice import NotSpliceable, Splice
from candela_tui.protocol.model_ids import model_name
from candela_tui.protocol.native_calls import NativeCall, NativeOperation
from candela_tui.protocol.raw_json import decode_json

_OF_THE_BODY = frozenset({"anthropic_version", "anthropic_beta", "model", "stream"})
"""Members that the path or the header fields state in the Messages API, or that are put first."""
_DROPPED = frozenset({"accept", "accept-encoding", "anthropic-beta", "anthropic-version", "content-type"})
_OF_AMAZON = "x-amzn-"
_VERSION = "2023-06-01"


@dataclass(frozen=True, slots=True)
class MessagesCall:
    """The header fields and body of a request for a message."""

    headers: HeaderList
    body: bytes


def as_messages(call: NativeCall, headers: HeaderList, body: bytes) -> MessagesCall | None:
    """Return a native call as a request of POST /v1/messages. ``body`` has no Content-Encoding.

    None if it does not ask for a message, or if its model has no name outside of the cloud, such as that of an
    application's inference profile."""
    model = messages_name(call.model) if call.model is not None else None
    if call.operation is not NativeOperation.INVOKE or model is None:
        return None
    try:
        splice = Splice(body)
    except NotSpliceable:
        return None
    flags = list(beta_flags(headers))
    for number, member in enumerate(splice.inside(splice.root)):
        if member.name == "anthropic_beta":
            stated = decode_json(splice.raw(member))
            flags += [flag for flag in stated if isinstance(flag, str)] if isinstance(stated, list) else []
        if member.name in _OF_THE_BODY:
            splice.remove(splice.root, number)
    first = b'{"model":' + msgspec.json.encode(model) + (b',"stream":true' if call.streamed else b"")
    rest = splice.rendered().lstrip()[1:].lstrip()
    return MessagesCall(_fields(headers, flags), first + (b"" if rest.startswith(b"}") else b",") + rest)


def messages_name(id: str) -> str | None:
    """Return the name that Anthropic's API has for a cloud's id of a model, or None if the id does not tell."""
    name = model_name(id)
    if not name.base.startswith("claude-"):
        return None
    return f"{name.base}-{name.date}" if name.date else name.base


def _fields(headers: HeaderList, flags: list[str]) -> HeaderList:
    kept = [(name, value) for name, value in headers if name.lower() not in _DROPPED]
    betas = [("anthropic-beta", ",".join(dict.fromkeys(flags)))] if flags else []
    return [
        *((name, value) for name, value in kept if not name.lower().startswith(_OF_AMAZON)),
        ("Content-Type", "application/json"),
        # An answer must be unencoded to be translated.
        ("Accept-Encoding", "identity"),
        ("anthropic-version", _VERSION),
        *betas,
    ]
