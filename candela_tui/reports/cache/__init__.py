"""The report on the prompt cache: misses by cause, and what would have saved most."""
