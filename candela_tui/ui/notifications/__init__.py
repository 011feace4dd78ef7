"""Notifications for a user who is looking elsewhere."""
