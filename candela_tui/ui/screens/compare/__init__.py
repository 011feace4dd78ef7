"""The comparison of a request with the previous one of its agent."""
