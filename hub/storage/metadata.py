"""The one description of the database that all tables stand in, whichever module describes them."""

from __future__ import annotations

from sqlalchemy import MetaData

metadata = MetaData()
