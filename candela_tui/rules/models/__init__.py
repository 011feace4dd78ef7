"""[rules.models]: which models may be used, and which one takes the place of another."""
