"""The client side of the local API: the feed and records of another running candela, in this process."""
