"""[rules.routes] and [rules.fallback]: which provider gets a request, and who answers if it fails."""
