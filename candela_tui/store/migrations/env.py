"""Alembic's environment: runs upgrades on the connection, and in the transaction, that ``migrate`` provides."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
