"""Who changed keys, budgets and rules, and who read what others asked: a log that only grows."""
