"""The first line of the dashboard."""
