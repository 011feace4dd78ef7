"""People of a team: their roles, and what each role may see and do."""
