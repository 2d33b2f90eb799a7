"""python-escpos 3.1, imported without what its import does to a program.

Seen in `escpos/capabilities.py`: it makes a temporary folder at every start and never removes it, and it calls
`logging.basicConfig()`, which puts a handler on the root logger. Both are undone here. Import `Dummy` from this module.
"""

from __future__ import annotations

import logging
import tempfile

_handlers = list(logging.root.handlers)
_folder_before = tempfile.tempdir
with tempfile.TemporaryDirectory(prefix="tillwire-") as _folder:
    tempfile.tempdir = _folder
    try:
        # The package says no types; what is used of it is wrapped in escpos.py.
        from escpos.capabilities import Profile, get_profile  # type: ignore[import-untyped]
        from escpos.printer import Dummy  # type: ignore[import-untyped]
    finally:
        tempfile.tempdir = _folder_before
        logging.root.handlers[:] = _handlers

__all__ = ["Dummy", "Profile", "get_profile"]
