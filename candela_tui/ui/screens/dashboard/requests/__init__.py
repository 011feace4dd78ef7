"""The list of requests: columns, filter, export."""
