"""Sending a recorded request again: the dialog that asks, and the two answers side by side."""
