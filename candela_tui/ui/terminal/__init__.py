"""The terminal around the dashboard: its driver, the clipboard, and the summary printed at the end."""
