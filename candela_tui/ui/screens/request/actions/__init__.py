"""Actions on a request: copy, save, and open in other programs."""
