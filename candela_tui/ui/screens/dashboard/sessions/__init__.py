"""The list of sessions and their sub-agents."""
