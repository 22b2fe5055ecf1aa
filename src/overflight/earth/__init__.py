"""A round world: WGS84 positions, distances, coordinates."""
