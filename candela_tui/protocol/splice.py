"""Changes in a JSON text that leave every other byte as it is.

A rebuilt document would have other numbers (1.0e-7), escapes and key order: prompt caches would miss, and the
signatures of thinking blocks would no longer hold. So members and items are found as spans of the text, and the edits
are put in between.
"""

import re
from collections.abc import Iterator

import msgspec

from candela_tui.protocol.raw_json import without_lone_surrogates

ANY = "*"
"""In a path: each item of an array."""

Path = tuple[str, ...]
"""Names of members and ``*`` from the top of the document down."""

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY = re.compile(rb'[ \t\n\r]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\n\r]*:[ \t\n\r]*', re.DOTALL)
_SPACE = re.compile(rb"[ \t\n\r]*")
_LAST_SPACE = ord(" ")


class NotSpliceable(ValueError):
    """The text is no JSON object, or names a member twice. The message says which."""


class Span(msgspec.Struct, frozen=True):
    """One member of an object or item of an array: offsets into the text, the end exclusive."""

    name: str
    """The member's name; "" for an item."""
    start: int
    """Where its name begins; an item: its value."""
    value: int
    """Where its value begins."""
    end: int


class Splice:
    """The edits to one document. Spans are those of the text as it came; edits inside a removed span fall away."""

    def __init__(self, text: bytes) -> None:
        """Raises NotSpliceable."""
        self._text = text
        # A half of a surrogate pair that stands alone is hidden from the decoder by something of the same length.
        self._scanned = text
        self._spans: dict[int, list[Span]] = {}
        self._edits: list[tuple[int, int, bytes]] = []
        self._removed: dict[int, set[int]] = {}
        try:
            members = _MEMBERS.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._scanned = without_lone_surrogates(text) or text
            try:
                members = _MEMBERS.decode(self._scanned)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise NotSpliceable(f"the request's body is not a JSON object: {error}") from None
        except RecursionError:
            raise NotSpliceable("the request's body is nested too deep") from None
        self._root = Span("", 0, _SPACE.match(text, 0).end(), len(text.rstrip()))  # type: ignore[union-attr]
        self._spans[self._root.value] = self._members(members, self._root)

    @property
    def root(self) -> Span:
        """The document itself."""
        return self._root

    def raw(self, span: Span) -> bytes:
        """The text of a value."""
        return self._text[span.value : span.end]

    def decodable(self, span: Span) -> memoryview:
        """The text of a value for a decoder: of the same length, without halves of surrogate pairs that stand alone."""
        return memoryview(self._scanned)[span.value : span.end]

    def mentions(self, span: Span, name: str) -> bool:
        """Whether a value may hold a member (or a string) of this name: looked for in its text, so escapes in the
        name itself are not seen."""
        return self._text.find(b'"%s"' % name.encode(), span.value, span.end) >= 0

    def member(self, name: str, of: Span | None = None) -> Span | None:
        """A member of an object (of the document); None where it has none, or is no object."""
        for span in self.inside(of or self._root):
            if span.name == name:
                return span
        return None

    def inside(self, container: Span) -> list[Span]:
        """The members of an object or items of an array in order; [] of another value. Raises NotSpliceable."""
        found = self._spans.get(container.value)
        if found is None:
            found = self._spans[container.value] = self._parse(container)
        return found

    def find(self, path: Path, under: Span | None = None) -> Iterator[tuple[Span, int]]:
        """Every place of this path: the value around it, and its number among ``inside`` of that."""
        container = under or self._root
        name, rest = path[0], path[1:]
        if under is not None and path[-1] != ANY and not self.mentions(under, path[-1]):
            return
        for number, span in enumerate(self.inside(container)):
            if span.name != ("" if name == ANY else name):
                continue
            if rest:
                yield from self.find(rest, span)
            else:
                yield container, number

    def replace(self, start: int, end: int, text: bytes) -> None:
        """Put ``text`` in place of these bytes; equal offsets insert it."""
        self._edits.append((start, end, text))

    def remove(self, container: Span, number: int) -> None:
        """Take a member or item out, with the comma that goes with it."""
        self.inside(container)
        self._removed.setdefault(container.value, set()).add(number)

    def empties(self, container: Span) -> bool:
        """Whether all that was in this value is taken out."""
        return len(self._removed.get(container.value, ())) == len(self.inside(container)) > 0

    def is_removed(self, container: Span, number: int) -> bool:
        """Whether this member or item was taken out."""
        return number in self._removed.get(container.value, ())

    def rendered(self, start: int = 0, end: int | None = None) -> bytes:
        """The text (or a part of it) with the edits within."""
        end = len(self._text) if end is None else end
        edits = [*self._edits, *self._removals()]
        # At one place: what is put in comes before what is taken out there; of nested edits the outer one holds.
        edits.sort(key=lambda edit: (edit[0], edit[1] != edit[0], -edit[1]))
        parts: list[bytes | memoryview] = []
        view = memoryview(self._text)
        at = start
        for edit_start, edit_end, text in edits:
            if edit_start < at or edit_end > end:
                continue
            parts += (view[at:edit_start], text)
            at = edit_end
        parts.append(view[at:end])
        return b"".join(parts)

    def _removals(self) -> Iterator[tuple[int, int, bytes]]:
        for value, numbers in self._removed.items():
            spans = self._spans[value]
            kept_before = False
            for number, span in enumerate(spans):
                if number not in numbers:
                    kept_before = True
                elif kept_before:
                    yield spans[number - 1].end, span.end, b""
                elif number + 1 < len(spans):
                    yield span.start, spans[number + 1].start, b""
                else:
                    yield span.start, span.end, b""

    def _parse(self, container: Span) -> list[Span]:
        opening = self._text[container.value : container.value + 1]
        if opening not in (b"{", b"["):
            return []
        part = self.decodable(container)
        try:
            if opening == b"[":
                return self._items(_ITEMS.decode(part), container)
            return self._members(_MEMBERS.decode(part), container)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotSpliceable(f"the request's body can't be read: {error}") from None

    def _items(self, raws: list[msgspec.Raw], container: Span) -> list[Span]:
        spans = []
        text = self._text
        at = container.value + 1
        for raw in raws:
            # Hardly any client puts space there, and a conversation has thousands of items.
            if text[at] <= _LAST_SPACE:
                at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
            end = at + len(raw)
            spans.append(Span("", at, at, end))
            if text[end] <= _LAST_SPACE:
                end = _SPACE.match(text, end).end()  # type: ignore[union-attr]
            at = end + 1
        return spans

    def _members(self, raws: dict[str, msgspec.Raw], container: Span) -> list[Span]:
        """The decoder keeps the last of two members of one name at the place of the first: the text then no longer
        says at each place what the decoder found."""
        spans = []
        text = self._scanned
        at = container.value + 1
        for name, raw in raws.items():
            key = _KEY.match(text, at)
            end = key.end() + len(raw) if key else 0
            if key is None or not text.startswith(bytes(raw), key.end()):
                raise _twice(name)
            spans.append(Span(name, key.start(1), key.end(), end))
            at = _SPACE.match(text, end).end() + 1  # type: ignore[union-attr]
            if text[at - 1 : at] not in (b",", b"}"):
                raise _twice(name)
        if spans and at != container.end:
            raise _twice(spans[-1].name)
        return spans


def _twice(name: str) -> NotSpliceable:
    return NotSpliceable(f"the request's body names a member twice (near {name!r}): which of them counts is not said")
