"""Breaking text into lines of a width in cells."""

from collections.abc import Iterator

from rich.cells import cell_len

from candela_tui.text.terminal_safe import terminal_safe


def wrapped(text: str, width: int) -> Iterator[str]:
    """Break one logical line at spaces, or anywhere in a longer word. The text comes back plain. At least one line."""
    text = terminal_safe(text)
    for start, stop in broken(text, width):
        yield text[start:stop]


def broken(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where the lines of a plain logical line begin and end. The space that a line is broken at belongs to none."""
    width = max(2, width)
    narrow = text.isascii()
    start, length = 0, len(text)
    while True:
        end = start + (width if narrow else _fitting(text, start, width))
        if end >= length:
            yield start, length
            return
        space = text.rfind(" ", start + 1, end + 1)
        if space > start + width // 3:
            yield start, space
            start = space + 1
        else:
            yield start, end
            start = end


def height_of(text: str, width: int) -> int:
    """How many lines plain text has when it is broken at newlines and at the width."""
    lines = text.split("\n")
    # A character is at most two cells wide.
    certain = width if text.isascii() else width // 2
    return len(lines) + sum(sum(1 for _ in broken(line, width)) - 1 for line in lines if len(line) > certain)


def _fitting(text: str, start: int, width: int) -> int:
    """How many characters from there on fit into the width; at least one."""
    characters = min(width, len(text) - start)
    while characters > 1:
        excess = cell_len(text[start : start + characters]) - width
        if excess <= 0:
            break
        characters -= max(1, excess // 2)
    # Characters without width leave room for more.
    while start + characters < len(text) and cell_len(text[start : start + characters + 1]) <= width:
        characters += 1
    return characters
