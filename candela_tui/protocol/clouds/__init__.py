"""Mapping Messages requests to clouds, which accept only some of their fields and beta flags."""
