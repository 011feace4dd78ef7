"""Views of text of any length: what they show, and how it is drawn."""
