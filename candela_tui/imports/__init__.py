"""Import what did not cross the proxy: Claude Code's transcripts and HAR files."""
