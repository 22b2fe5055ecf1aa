"""What flew: the position table, the readers that fill it, and the integrity gate."""
