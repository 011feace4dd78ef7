"""Sign in to a provider, in the terminal or in the dashboard: findings, methods and prompts."""
