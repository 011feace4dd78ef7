"""candela: a local proxy and a live terminal dashboard for Claude Code."""

__version__ = "0.1.0"
