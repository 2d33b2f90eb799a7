"""The hub's database: schema, writes and reads, behind ports."""
