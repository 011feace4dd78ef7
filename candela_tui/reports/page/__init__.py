"""Sessions as one web page that needs nothing else: no server, no network, no other file.

``document.py`` is the page, ``session.py`` one session in it, ``turn.py`` one call of a conversation. Style and script
are ``page.css`` and ``page.js``.
"""
