"""The timeline of a session."""
