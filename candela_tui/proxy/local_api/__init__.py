"""The local API: exchanges, sessions and state as JSON and as an event stream, for programs of the same user."""
