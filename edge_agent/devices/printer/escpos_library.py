"""python-escpos 3.1, loaded without what its import does to a program. Import it from here, never from itself.

Its `capabilities.py` parses a large YAML file (0.2 s of processor, 0.25 s with all it needs), leaves a temporary folder
at every start and calls `logging.basicConfig()`; `barcode()` prints to standard output. So this module is imported in a
thread only: behind the first page (`drawings.load`), or by the first paper, and never on the way of a kick.

Printers are unknown to us: `Dummy()` has the library's default profile, which allows everything and knows no width.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

_placeholder = logging.NullHandler()
logging.root.addHandler(_placeholder)  # basicConfig does nothing where there is a handler
try:
    # The package says no types; what is used of it stands in text_mode.py and commands.py.
    from escpos import capabilities, escpos  # type: ignore[import-untyped]
    from escpos.constants import CODEPAGE_CHANGE, QR_ECLEVEL_M  # type: ignore[import-untyped]
    from escpos.printer import Dummy  # type: ignore[import-untyped]
finally:
    logging.root.removeHandler(_placeholder)

_folder = Path(capabilities.pickle_dir)
if _folder.parent == Path(tempfile.gettempdir()) and _folder.name.startswith(tempfile.gettempprefix()):
    # Its own, not one that ESCPOS_CAPABILITIES_PICKLE_DIR names: nobody would look into it again.
    shutil.rmtree(_folder, ignore_errors=True)

vars(escpos)["print"] = lambda *_, **__: None
"""In its module only: our standard output is the log of a service, or nobody's."""

__all__ = ["CODEPAGE_CHANGE", "QR_ECLEVEL_M", "Dummy"]
