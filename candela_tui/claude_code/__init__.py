"""What candela knows about the client, Claude Code: facts that differ from version to version."""
