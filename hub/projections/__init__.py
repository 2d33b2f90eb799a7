"""Projections: what is derived behind the ingest path, such as the web's one order of availability changes."""
