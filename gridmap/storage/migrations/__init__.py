"""Alembic migrations: each upgrades from, and stays compatible with, the release before it."""
