"""What is kept of what was found, and of what people did about it."""
