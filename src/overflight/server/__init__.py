"""The web service: what is going on, to whoever may see it."""
