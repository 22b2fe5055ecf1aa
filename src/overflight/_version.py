"""The version, in one place: packaging and ``overflight --version`` read it from here."""

__version__ = "0.1.0"
