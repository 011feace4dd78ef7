"""What changed from one request of an agent to its next."""
