"""Numbers for Prometheus, at ``/metrics``: what ended is counted as it ends, and written out when it is asked for."""
