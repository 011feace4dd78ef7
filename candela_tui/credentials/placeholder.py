"""What a client sends that leaves its credentials to candela."""

PLACEHOLDER = "candela"
"""Stands for a credential where candela signs in by itself: a client that has one asks for no login and no key."""
