"""The screen of budgets and rules."""
