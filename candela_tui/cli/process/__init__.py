"""Start, stop and log the process that runs the proxy."""
