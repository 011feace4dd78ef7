"""candela: a local proxy and a live terminal dashboard for Claude Code."""

__version__ = "0.2.0.dev0"
