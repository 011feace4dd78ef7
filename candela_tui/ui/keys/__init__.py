"""Actions, the keys bound to them, and the commands that run them by name."""
