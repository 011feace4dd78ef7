"""HTTP connections: client sessions, header fields, descriptions of failures, the user at the other end."""
