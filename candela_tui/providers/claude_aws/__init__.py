"""Claude Platform on AWS."""
