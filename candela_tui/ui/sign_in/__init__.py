"""Signing in to providers, inside the dashboard."""
