"""A small Medusa 2.21 in memory: what our connector calls, with the traps that the real one has."""
