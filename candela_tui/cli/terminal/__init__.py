"""Output, prompts and the dashboard in the user's terminal."""
