"""The cache_control marks of a request, and removing members of them that a provider does not know.

One unknown member in a mark (``scope``, of the beta prompt-caching-scope) makes the whole request fail.
"""

from collections.abc import Set as AbstractSet

from candela_tui.protocol.json_spans import Span
from candela_tui.protocol.json_splice import ANY, Path, Splice

MARK = "cache_control"

# Blocks that may have a mark; a tool's schema and input may use that name for anything.
_BLOCKS: dict[str, tuple[Path, ...]] = {
    "system": ((ANY,),),
    "tools": ((ANY,),),
    "messages": ((ANY, "content", ANY), (ANY, "content", ANY, "content", ANY)),
}


def narrow_marks(splice: Splice, known: AbstractSet[str]) -> set[str]:
    """Remove all but the ``known`` members from each mark, and return the names of those removed.

    Raises NotSpliceable.
    """
    removed: set[str] = set()
    root = splice.root
    for section in splice.inside(root):
        if section.name == MARK:
            removed |= _narrow(splice, section, known)
        elif section.name in _BLOCKS and splice.mentions(section, MARK):
            for path in _BLOCKS[section.name]:
                for container, number in splice.find((*path, MARK), section):
                    removed |= _narrow(splice, splice.inside(container)[number], known)
    return removed


def _narrow(splice: Splice, mark: Span, known: AbstractSet[str]) -> set[str]:
    unknown = {number: span.name for number, span in enumerate(splice.inside(mark)) if span.name not in known}
    for number in unknown:
        splice.remove(mark, number)
    return set(unknown.values())
