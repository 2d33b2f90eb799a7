"""Fleet: stores, terminals, their epochs and their presence."""
