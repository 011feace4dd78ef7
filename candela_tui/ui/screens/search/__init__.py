"""The search in the text of all sessions."""
