"""The list widget that shows sessions and requests."""
