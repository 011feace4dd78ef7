"""The other side of the local API: a running candela's feed and records, in this process."""
