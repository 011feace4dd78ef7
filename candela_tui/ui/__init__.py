"""The dashboard: a Textual app that follows a feed and reads the store. It does not know the proxy."""
