"""The screen of one request, with a page for each tab."""
