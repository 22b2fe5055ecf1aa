"""What is said about an incident: claims, held against physics, each other and the tracks."""
