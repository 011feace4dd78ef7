"""The commands, in one module per group."""
