"""Sinks receive recorded exchanges. Each has its own module, and a line in ``table.py``."""
