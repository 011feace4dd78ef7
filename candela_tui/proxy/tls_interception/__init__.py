"""Open TLS connections to the hosts of a table with certificates of candela's own authority, and tunnel all others."""
