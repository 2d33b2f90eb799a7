"""The steps from one schema to the next, for Alembic; forward only, and shipped in the wheel."""
