"""Usage reports: sums by day, session, model and so on, for ``candela report`` and the dashboard."""
