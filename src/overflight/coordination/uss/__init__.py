"""The hosted side: what parties that run no USS of their own declare, who is told of what, and what may be flown."""
