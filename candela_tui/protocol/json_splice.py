"""Edits to a JSON text that leave every other byte as it is.

A re-encoded document would have other numbers (1.0e-7), escapes and key order: prompt caches would miss, and the
signatures of thinking blocks would become invalid. So members and items are spans of the text, and edits are spliced
in between.
"""

from collections.abc import Iterator

import msgspec

from candela_tui.protocol.json_spans import NamedTwice, Span, item_spans, member_spans, value_start
from candela_tui.protocol.raw_json import without_lone_surrogates

ANY = "*"
"""Every item of an array, in a path."""

_UNTYPED = b'"custom"'
"""The type of an item that names none: a tool that the client runs."""

Path = tuple[str, ...]
"""Names from the top of the document down. At an array: ``*`` for any item, or the ``type`` of the items.

``NAME=TEXT`` is a member with this text as its value.
"""

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class NotSpliceable(ValueError):
    """The text is not a JSON object, or names a member twice. The message says which."""


class Splice:
    """The edits to one document. Spans are those of the original text; edits inside a removed span are dropped."""

    def __init__(self, text: bytes) -> None:
        """Read a document. Raises NotSpliceable."""
        self._text = text
        # Lone surrogates are hidden from the decoder by a replacement of the same length.
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
        self._root = Span("", 0, value_start(text), len(text.rstrip()))
        self._spans[self._root.value] = self._members(members, self._root)

    @property
    def root(self) -> Span:
        """The span of the document itself."""
        return self._root

    def raw(self, span: Span) -> bytes:
        """Return the text of a value."""
        return self._text[span.value : span.end]

    def decodable(self, span: Span) -> memoryview:
        """Return the text of a value for a decoder: of the same length, with lone surrogates replaced."""
        return memoryview(self._scanned)[span.value : span.end]

    def mentions(self, span: Span, name: str) -> bool:
        """Return whether a value may hold a member or a string of this name.

        This searches the text, so it does not find a name that is written with escapes.
        """
        return self._text.find(b'"%s"' % name.encode(), span.value, span.end) >= 0

    def member(self, name: str, of: Span | None = None) -> Span | None:
        """Return a member of an object (or of the document), or None if there is none."""
        for span in self.inside(of or self._root):
            if span.name == name:
                return span
        return None

    def inside(self, container: Span) -> list[Span]:
        """Return the members of an object or items of an array in order; [] for other values. Raises NotSpliceable."""
        found = self._spans.get(container.value)
        if found is None:
            found = self._spans[container.value] = self._parse(container)
        return found

    def find(self, path: Path, under: Span | None = None) -> Iterator[tuple[Span, int]]:
        """Yield every match of a path: the container, and the number of the match within ``inside`` of it."""
        container = under or self._root
        (name, _, text), rest = path[0].partition("="), path[1:]
        last = path[-1].partition("=")[0]
        if under is not None and last != ANY and not self.mentions(under, last):
            return
        wanted = "" if name == ANY else name
        for number, span in enumerate(self.inside(container)):
            if span.name != wanted and (span.name or not self._is_of_type(span, name)):
                continue
            if text and self.raw(span) != b'"%s"' % text.encode():
                continue
            if rest:
                yield from self.find(rest, span)
            else:
                yield container, number

    def _is_of_type(self, span: Span, name: str) -> bool:
        """Return whether a span is an item of an array with this ``type``."""
        if span.start != span.value or not self._text.startswith(b"{", span.value):
            return False
        type_ = self.member("type", span)
        return (self.raw(type_) if type_ is not None else _UNTYPED) == b'"%s"' % name.encode()

    def replace(self, start: int, end: int, text: bytes) -> None:
        """Replace these bytes with ``text``; equal offsets insert it."""
        self._edits.append((start, end, text))

    def remove(self, container: Span, number: int) -> None:
        """Remove a member or item with its comma."""
        self.inside(container)
        self._removed.setdefault(container.value, set()).add(number)

    def empties(self, container: Span) -> bool:
        """Return whether everything in this value is removed."""
        return len(self._removed.get(container.value, ())) == len(self.inside(container)) > 0

    def is_removed(self, container: Span, number: int) -> bool:
        """Return whether this member or item is removed."""
        return number in self._removed.get(container.value, ())

    def kept(self, container: Span) -> list[Span]:
        """Return the members or items that are not removed."""
        removed = self._removed.get(container.value, ())
        return [span for number, span in enumerate(self.inside(container)) if number not in removed]

    def rendered(self, start: int = 0, end: int | None = None) -> bytes:
        """Return the text, or a part of it, with the edits applied."""
        end = len(self._text) if end is None else end
        edits = [*self._edits, *self._removals()]
        # At the same offset, insertions come before removals; of nested edits the outer one wins.
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
                return list(item_spans(self._text, _ITEMS.decode(part), container.value))
            return self._members(_MEMBERS.decode(part), container)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotSpliceable(f"the request's body can't be read: {error}") from None

    def _members(self, raws: dict[str, msgspec.Raw], container: Span) -> list[Span]:
        """Return the spans of an object's members. Raises NotSpliceable for a name that occurs twice."""
        try:
            return member_spans(self._scanned, raws, container.value, container.end)
        except NamedTwice as error:
            raise NotSpliceable(
                f"the request's body names a member twice (near {str(error)!r}): which of them counts is not said"
            ) from None
