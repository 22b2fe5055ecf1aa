"""The HTML report of a check, and what is drawn in it."""
