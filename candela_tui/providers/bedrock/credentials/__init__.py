"""Find and refresh AWS credentials."""
