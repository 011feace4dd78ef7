"""Dialogs over the other screens."""
