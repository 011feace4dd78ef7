"""Claude on Anthropic's own API."""
