"""The journal: facts safe on disk, waiting for the hub's acknowledgement."""
