"""Claude on Google Cloud, managed by Anthropic."""
