"""The command `tillwire-hub`."""

from hub.cli.program import main

__all__ = ["main"]
