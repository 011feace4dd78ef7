"""[[rules.tools]]: which calls of tools may reach the client."""
