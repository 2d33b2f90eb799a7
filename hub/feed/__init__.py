"""Feed: the hub's documents out to the tills, without a gap."""
