"""Credentials of the clouds: found, refreshed ahead of their end, and put on requests."""
