"""What leaves with an export that is shared: redacted texts, no bodies, or a receipt."""
