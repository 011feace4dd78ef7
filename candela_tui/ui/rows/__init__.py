"""The list of rows that sessions and requests are shown in."""
