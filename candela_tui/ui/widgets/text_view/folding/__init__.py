"""Blocks of text that fold: their content, how much of it is shown, and the lines that this makes."""
