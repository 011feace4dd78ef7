"""candela's own keys: what each may use, where they are kept, and how a request's key is recognised."""
