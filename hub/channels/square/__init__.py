"""Square: another POS and payment provider. docs/reference/channels/square.md says what of it the hub uses."""
