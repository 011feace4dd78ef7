"""Signing in: what was found, the ways there are, and what to say to whom is signing in, in a terminal or a screen."""
