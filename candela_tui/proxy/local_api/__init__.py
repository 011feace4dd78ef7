"""The local API: what this candela knows, as JSON and as an event stream, for programs of its user."""
