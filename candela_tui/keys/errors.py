"""Why keys can't be used."""


class KeysError(Exception):
    """The keys can't be read or changed. ``str()`` says which file, why, and what to do."""
