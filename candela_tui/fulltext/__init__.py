"""Full-text search over what was recorded: prompts, answers, thinking, tool calls and their results."""
