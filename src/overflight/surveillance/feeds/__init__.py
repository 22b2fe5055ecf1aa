"""Live sources of positions: one file a kind of source."""
