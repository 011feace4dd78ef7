"""Text for people: amounts, durations, tables, and characters that are safe on a terminal."""
