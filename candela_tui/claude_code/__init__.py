"""Facts about Claude Code that differ between its versions."""
