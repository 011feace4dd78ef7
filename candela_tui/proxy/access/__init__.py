"""Decide who may use the port, and which requests are well formed."""
