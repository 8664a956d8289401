"""Alembic's revision files, read as text."""
