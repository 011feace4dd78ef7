"""The tabs of the request screen, one module each, and what they share."""
