"""What the pages need before they can be shown: fetched assets and compiled translations."""

from __future__ import annotations

import os
import shutil
import sys

from installers.assets import catalogues, fetch
from installers.workplace import python
from installers.workplace.steps import ROOT, WorkplaceError, run, say


def ready() -> bool:
    """Tell whether assets and translations are complete and no older than their sources."""
    return not fetch.stale(ROOT) and not catalogues.stale(ROOT)


def make() -> None:
    """Fetch and compile what is missing; call it with the lock held and the environment made."""
    if fetch.stale(ROOT):
        say("fetching the assets of the pages (fonts, icons, scripts) ...")
        environment = dict(os.environ)
        if shutil.which("npm") is None:
            tool = python.tool(python.LOCKS / "node.txt", None)
            environment["PYTHONPATH"] = os.pathsep.join([str(tool), *filter(None, [os.environ.get("PYTHONPATH")])])
        run([sys.executable, ROOT / "installers/assets/fetch.py"], env=environment, remedy=python.AGAIN)
    if catalogues.stale(ROOT):
        say("compiling the translations ...")
        compiler = ROOT / "installers/assets/catalogues.py"
        run([python.PYTHON, compiler], remedy="Correct the .po file that is named above, then call ./dev again.")
        if late := catalogues.stale(ROOT):
            raise WorkplaceError(f"the translations {late} did not compile")
