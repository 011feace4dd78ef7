"""HTTP: the client towards providers, header fields, failures in words, the user at the other end of a connection."""
