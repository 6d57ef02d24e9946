"""gridmap: maps, issues and responsible people for grid-based neighbourhood governance."""

__version__ = "0.1.0"
