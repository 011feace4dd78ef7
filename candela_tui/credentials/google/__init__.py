"""Find and refresh Google Cloud credentials."""
