"""Lets people sign in to candela with their company's identity, for Claude Code's `/login` to a gateway."""
