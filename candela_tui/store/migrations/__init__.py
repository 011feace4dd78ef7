"""Alembic scripts that upgrade a store from one schema revision to the next."""
