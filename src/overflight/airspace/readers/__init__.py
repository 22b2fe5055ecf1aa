"""Readers of airspace: one small file a format."""
