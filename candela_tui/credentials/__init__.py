"""Cloud credentials: find them, refresh them before they expire, and add them to requests."""
