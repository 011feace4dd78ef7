"""The screen of one request, a page for each of its tabs."""
