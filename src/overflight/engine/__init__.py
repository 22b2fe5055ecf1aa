"""How data flows: one pipeline, and the drivers around it."""
