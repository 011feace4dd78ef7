"""The page: one file that a browser opens without any other, and that asks nothing from anywhere."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from itertools import chain

from candela_tui import __version__
from candela_tui.ledger.names import session_title
from candela_tui.reports.page.markup import escaped
from candela_tui.reports.page.session import SessionPart
from candela_tui.reports.report import Export, Report, encoded

_LARGE_PIECE = 1 << 16
"""Characters that are handed on at once."""


def page_pieces(export: Export) -> Iterator[bytes]:
    """Yield the page in pieces. One request is read at a time."""
    piece: list[str] = []
    size = 0
    for text in _texts(export):
        piece.append(text)
        size += len(text)
        if size >= _LARGE_PIECE:
            yield from encoded(["".join(piece)])
            piece, size = [], 0
    yield from encoded(["".join(piece)])


def _texts(export: Export) -> Iterator[str]:
    sessions = iter(export.sessions)
    first = next(sessions, None)
    second = next(sessions, None)
    title = "Sessions" if first is None or second is not None else session_title(first.session)
    style, script = _part("page.css"), _part("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'<meta name="generator" content="candela {__version__}">\n'
        f"<title>{escaped(title)} · candela</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    yield f"{_BAR}<script>{script}</script>\n<main>\n"
    if first is None:
        yield "<h1>No requests</h1>\n"
    for number, read in enumerate(chain((each for each in (first, second) if each is not None), sessions), 1):
        yield from SessionPart(read, export, f"s{number}").parts()
    yield f"</main>\n<footer><p>Made by candela {__version__}. Times are UTC.</p></footer>\n</body>\n</html>\n"


_BAR = """<header class="bar">
<a class="skip" href="#s1-title">Skip to the session</a>
<span class="brand">candela</span>
<search hidden><form role="search">
<input type="search" name="words" placeholder="Search" aria-label="Search this page" aria-keyshortcuts="/"
 autocomplete="off" spellcheck="false">
<output aria-live="polite"></output>
<button type="button" name="back" aria-label="Previous hit" title="Previous hit (N)">↑</button>
<button type="submit" aria-label="Next hit" title="Next hit (n)">↓</button>
</form></search>
<div class="folds" role="group" aria-label="Unfold" hidden>
<button type="button" data-folds="thinking" aria-pressed="false">Thinking</button>
<button type="button" data-folds="call" aria-pressed="false">Tools</button>
<button type="button" data-folds="result" aria-pressed="false">Results</button>
</div>
</header>
"""
"""What needs the script is hidden until it runs."""


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the source that a content security policy names for an inline style or script."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


HTML = Report("html", "HTML", ".html", page_pieces, about="the conversation, as a page")
