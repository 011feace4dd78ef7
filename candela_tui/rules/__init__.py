"""Rules decide what may pass to a provider. Each has its own module, and a line in ``table.py``."""
