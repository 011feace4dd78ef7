"""The prompt of a request as the provider's cache sees it: its blocks in one row, and the marks that end what is kept.

Source: https://docs.claude.com/en/docs/build-with-claude/prompt-caching: the order is tools, system, messages, and each
``cache_control`` mark keeps everything before it. A mark at the top of the body stands for one on the last block.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from candela_tui.analysis.items import Item, Items, is_billing_note, same_items
from candela_tui.analysis.steps import result_of
from candela_tui.protocol.cache_control import LIFETIMES
from candela_tui.protocol.raw_json import decode_json, raw_members

_TOGETHER = 32
"""Blocks that are handled in one step."""
_MARK = "cache_control"
_IMAGE = "image"
_WITH_IMAGES = ("tool_result", "document")
_IMAGE_TYPE = re.compile(rb'"type"\s*:\s*"image"')
_CITED = frozenset({"document", "search_result"})
"""The kinds of blocks that an answer may cite."""
_OUTPUT = "output_config"
_FLAT = ("effort", "format")
"""The members of ``output_config`` that are settings of their own."""
_ACCOUNT = re.compile(r"account_(?:uuid\\?\"\s*:\s*\\?\")?([0-9a-f]{8}-[0-9a-f-]{27})")
"""In ``metadata.user_id``: a JSON text with ``account_uuid``, before about 2.1 ``user_…_account_…_session_…``."""

Part = Literal["tools", "system", "messages"]
PARTS: Final[tuple[Part, ...]] = ("tools", "system", "messages")
"""In the provider's order."""


class PromptBlock(msgspec.Struct, frozen=True, gc=False):
    """A tool, a block of the system prompt, or a block of a message. As ``Item``, unknown to the collector."""

    part: Part
    path: str
    """Where it is in the body, from 0: ``tools[3]``, ``system[1]``, ``messages[4].content[0]``."""
    item: Item
    digest: bytes
    """Equal for blocks that the cache takes for the same: of the content without marks, and of the message's role."""
    size: int
    """Bytes."""
    mark: str | None
    """The lifetime that a mark on it asks for, ``5m`` or ``1h``; None without a mark."""
    has_image: bool = False
    """Whether it is an image, or a tool's result with one."""


_MARK_OF, _HAS_IMAGE, _SIZE, _LABEL = map(attrgetter, ("mark", "has_image", "size", "item.label"))
"""Read of each of up to 100,000 blocks, so that it must be fast."""


_OF_ALL_BLOCKS = ("marks", "has_images", "has_citations", "ends")


# Without slots, so that what is asked of all blocks is found once.
@dataclass(frozen=True)
class Prompt:
    """The blocks of a request, in the provider's order, and the settings beside them."""

    blocks: tuple[PromptBlock, ...]
    settings: dict[str, bytes]
    """The digest of each setting, by name. ``output_config.effort`` and ``output_config.format`` are settings of their
    own, ``output_config`` is the rest of it."""
    account: str | None = None
    """The account that the client says it is; None if it says nothing."""

    @property
    def last_mark(self) -> int | None:
        """The position of the last marked block, or None if there are no marks."""
        return self.marks[-1] if self.marks else None

    @cached_property
    def has_images(self) -> bool:
        """Whether a message has an image."""
        return any(map(_HAS_IMAGE, self.blocks))

    @cached_property
    def has_citations(self) -> bool:
        """Whether a document in a message may be cited."""
        if _CITED.isdisjoint(map(_LABEL, self.blocks)):
            return False
        return any(_cited(block) for block in self.blocks if block.item.label in _CITED)

    @cached_property
    def marks(self) -> list[int]:
        """The positions of the marked blocks."""
        return [place for place, mark in enumerate(map(_MARK_OF, self.blocks)) if mark]

    def size_of(self, blocks: int) -> int:
        """Return the bytes of so many blocks at the beginning."""
        return self.ends[min(blocks, len(self.ends)) - 1] if blocks and self.ends else 0

    @cached_property
    def ends(self) -> list[int]:
        """The bytes up to the end of each block."""
        return list(accumulate(map(_SIZE, self.blocks)))

    def begin_of(self, part: Part) -> int:
        """Return the position of the first block of a part; of the next part if it has none."""
        order = PARTS.index(part)
        places = (place for place, block in enumerate(self.blocks) if PARTS.index(block.part) >= order)
        return next(places, len(self.blocks))

    def parameter(self, name: str) -> object:
        """Return a value that is equal for two prompts if a setting is: one of ``settings``, or whether the prompt has
        an ``image`` or ``citations``."""
        if name == _IMAGE:
            return self.has_images
        return self.has_citations if name == "citations" else self.settings.get(name)

    def common_prefix(self, other: "Prompt") -> int:
        """Return how many blocks at the beginning are the same in both."""
        # Blocks that were read against the other request's are mostly the very same.
        same = same_items(self.blocks, other.blocks)
        for mine, its in zip(self.blocks[same:], other.blocks[same:], strict=False):
            if mine.digest != its.digest or mine.part != its.part:
                break
            same += 1
        return same


class ReadPrompt(NamedTuple):
    """A request's items, and the prompt that was made of them."""

    items: Items
    prompt: Prompt


def prompt_of(items: Items, known: ReadPrompt | None = None) -> Prompt:
    """Return the prompt of a request whose items were read. The client's note to the provider is not part of it.

    ``known`` is another request's: the blocks of items that both share are taken from it."""
    return result_of(read_prompt(items, known))


def read_prompt(items: Items, known: ReadPrompt | None = None) -> Generator[None, None, Prompt]:
    """Return what ``prompt_of`` does, in steps: each handles a few blocks."""
    shared = _shared(items, known)
    blocks = list(shared.tools)
    for place, item in enumerate(items.tools[len(blocks) :], len(blocks)):
        blocks.append(_block("tools", f"tools[{place}]", item, item.digest))
        yield
    blocks += shared.system or ()
    for place, item in enumerate(items.system if shared.system is None else ()):
        if not is_billing_note(item):
            blocks.append(_block("system", f"system[{place}]", item, item.digest))
        yield
    blocks += shared.messages
    for place, message in enumerate(items.messages[shared.number :], shared.number):
        for number, part in enumerate(message.parts):
            digest = blake2b(message.label.encode("utf-8", "replace"), digest_size=16)
            digest.update(part.digest)
            blocks.append(_block("messages", f"messages[{place}].content[{number}]", part, digest.digest()))
            if number % _TOGETHER == 0:
                yield
    settings = dict(_settings(items))
    automatic = next((_lifetime(decode_json(item.raw)) for item in items.settings if item.label == _MARK), None)
    if automatic and blocks:
        blocks[-1] = replace(blocks[-1], mark=blocks[-1].mark or automatic)
    stated = next((bytes(item.raw) for item in items.settings if item.label == "metadata"), b"")
    account = _ACCOUNT.search(stated.decode("utf-8", "replace"))
    prompt = Prompt(tuple(blocks), settings, account[1] if account is not None else None)
    for name in _OF_ALL_BLOCKS:
        yield
        getattr(prompt, name)
    return prompt


def _settings(items: Items) -> Iterator[tuple[str, bytes]]:
    for item in items.settings:
        members = raw_members(item.raw) if item.label == _OUTPUT else None
        if members is None:
            yield item.label, item.digest
            continue
        for name in _FLAT:
            if name in members:
                yield f"{_OUTPUT}.{name}", blake2b(members[name], digest_size=16).digest()
        rest = sorted((name, bytes(raw)) for name, raw in members.items() if name not in _FLAT)
        if rest:
            yield _OUTPUT, blake2b(repr(rest).encode(), digest_size=16).digest()


def _cited(block: PromptBlock) -> bool:
    members = raw_members(block.item.raw) if b'"citations"' in bytes(block.item.raw) else None
    citations = decode_json(members["citations"]) if members and "citations" in members else None
    return isinstance(citations, dict) and citations.get("enabled") is True


class _Shared(NamedTuple):
    """The blocks of the very same items in both requests, at the beginning of each part."""

    tools: tuple[PromptBlock, ...] = ()
    system: tuple[PromptBlock, ...] | None = None
    """None if not all are the same."""
    number: int = 0
    """Of messages."""
    messages: tuple[PromptBlock, ...] = ()


def _shared(items: Items, known: ReadPrompt | None) -> _Shared:
    if known is None or not known.items.messages or not known.items.messages[-1].parts:
        return _Shared()
    blocks, other = known.prompt.blocks, known.items
    # The last message is left out: a mark at the top of the body may stand on its last block.
    messages = same_items(items.messages, other.messages[:-1])
    # Mostly, few are left.
    end = len(blocks) - sum(len(message.parts) for message in other.messages[messages:])
    tools = same_items(items.tools, other.tools)
    begin = known.prompt.begin_of("messages")
    system = blocks[len(other.tools) : begin] if items.system is other.system else None
    return _Shared(blocks[:tools], system, messages, blocks[begin:end])


def _block(part: Part, path: str, item: Item, digest: bytes) -> PromptBlock:
    raw, mark = bytes(item.raw), None
    if f'"{_MARK}"'.encode() in raw:
        members = raw_members(item.raw) or {}
        mark = _lifetime(decode_json(members[_MARK])) if _MARK in members else None
    # Inside a string the quotes are escaped.
    has_image = item.label == _IMAGE or (item.label in _WITH_IMAGES and _IMAGE_TYPE.search(raw) is not None)
    return PromptBlock(part, path, item, digest, len(raw), mark, has_image)


def _lifetime(mark: object) -> str | None:
    if not isinstance(mark, dict) or mark.get("type") != "ephemeral":
        return None
    ttl = mark.get("ttl", LIFETIMES[0])
    return ttl if ttl in LIFETIMES else LIFETIMES[0]


def difference_path(old: Any, new: Any) -> str:
    """Return where two JSON values first differ, such as ``.input_schema.properties.path``; empty if all of it does or
    nothing."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in {**old, **new} if name != _MARK]
        for name in names:
            if name not in old or name not in new:
                return f".{name}"
            if old[name] != new[name]:
                return f".{name}{difference_path(old[name], new[name])}"
    if isinstance(old, list) and isinstance(new, list):
        for place, (one, other) in enumerate(zip(old, new, strict=False)):
            if one != other:
                return f"[{place}]{difference_path(one, other)}"
        if len(old) != len(new):
            return f"[{min(len(old), len(new))}]"
    return ""
