"""Durable history: SQLite, one writer thread, short readers."""
