"""What a user is told of credentials that can't be used."""


class CredentialsError(Exception):
    """There are no credentials that can be used. ``str()`` says what happened, and the command that mends it."""
