"""Start Claude Code with the environment, settings and route that lead it through candela."""
