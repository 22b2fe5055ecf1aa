"""One file a format: what it is, which fields are used, in which units."""
