"""Tests of the hosted side."""
