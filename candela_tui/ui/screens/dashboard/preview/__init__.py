"""The preview of the selected request."""
