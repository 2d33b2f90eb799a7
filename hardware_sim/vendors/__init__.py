"""Simulated services of vendors: what a shop's other systems answer, stateful, on loopback only."""
