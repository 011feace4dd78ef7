"""The value that a client sends in place of a credential when candela signs in for it."""

PLACEHOLDER = "candela"
"""Used as the API key or token; with it set, a client asks for neither a login nor a key."""
