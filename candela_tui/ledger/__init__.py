"""Sums over exchanges: by session, agent, project, model and time."""
