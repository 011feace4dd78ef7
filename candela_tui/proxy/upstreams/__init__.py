"""The ways to providers: what each sends for a client's request, and how its answer comes back."""
