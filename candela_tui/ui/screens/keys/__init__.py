"""The screen of candela's own keys."""
