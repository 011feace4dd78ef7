"""Claude Code's permission rules: which calls of tools a pattern such as `Bash(git push *)` is about."""
