"""Budgets whose figures several replicas share, in PostgreSQL."""
