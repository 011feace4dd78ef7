"""What can be done with a request: copied, saved, opened elsewhere."""
