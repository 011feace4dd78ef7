"""The pages that a person sees in the browser while signing in. They have no script and load nothing."""

from html import escape
from typing import Final

from aiohttp import web

_SECURITY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · candela</title>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
_FORM: Final = """<p>Type the code that your terminal shows. Go on only if you started this sign-in yourself, just now:
whoever sent you a code or a link would get your access.</p>
<form method="post" action="/oauth/device">
<p><label>Code <input name="user_code" value="{code}" size="12" autocomplete="off" required></label></p>
<p><button>Sign in</button></p>
</form>"""
_CONFIRM: Final = """<p>This code lets the dashboard of candela in: whoever has that terminal may see
and change all that your roles in the team allow. Go on only if you ran <code>candela login</code> yourself, just now.
</p>
<form method="post" action="/oauth/device">
<input type="hidden" name="user_code" value="{code}">
<input type="hidden" name="lets_in" value="{kind}">
<p><button>Let the dashboard in</button></p>
</form>"""


def code_page(code: str) -> web.Response:
    """Return the page that asks for a code. ``code`` is one that it is opened with, which the person still sends."""
    return _page(200, "Sign in to candela", _FORM.format(code=escape(code)))


def confirm_page(code: str, kind: str) -> web.Response:
    """Return the page that says what a code lets in, and asks for a yes. The form sends ``kind`` as ``lets_in``."""
    return _page(200, "Let the dashboard in?", _CONFIRM.format(code=escape(code), kind=escape(kind)))


def words_page(status: int, title: str, words: str) -> web.Response:
    """Return a page that says something."""
    return _page(status, escape(title), f"<p>{escape(words)}</p>")


def _page(status: int, title: str, body: str) -> web.Response:
    text = _PAGE.format(title=title, body=body)
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=_SECURITY)
