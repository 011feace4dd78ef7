"""What is particular to the requests of Claude Code: its hints, its own requests, its users' words, its models."""
