"""Themes, styled text and the signs that all screens share."""
