"""Holding requests that the user intercepts, until they are let go, edited or not."""
