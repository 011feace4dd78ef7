"""The screen of usage reports."""
