"""`./dev test-medusa`: the connector and the whole round against a real Medusa."""
