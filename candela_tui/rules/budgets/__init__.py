"""[[rules.budgets]]: limits on what requests may cost, kept for each window and target."""
