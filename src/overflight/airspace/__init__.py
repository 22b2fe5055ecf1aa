"""Where: what the ground and the air are divided into."""
