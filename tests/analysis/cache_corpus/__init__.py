"""Pairs of requests of the real client, by what made the second one miss the cache of the first."""
