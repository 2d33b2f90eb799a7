"""Remove what the tools made, and nothing that git knows or that a person may miss."""

from __future__ import annotations

import shutil
from pathlib import Path

from installers.assets import fetch
from installers.workplace.steps import ROOT, STATE, say

CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache", "build", "dist")
CODE = ("edge_agent", "hardware_sim", "hub", "installers", "protocol", "tests")


def clean(*, everything: bool) -> None:
    """Remove caches and builds; with `everything` also what ./dev itself installed and fetched."""
    places = [ROOT / name for name in CACHES]
    places += [found for name in CODE for found in (ROOT / name).glob("**/__pycache__")]
    if everything:
        places += [ROOT / ".venv", ROOT / "installers/assets/node_modules", *fetch.places(ROOT).values()]
        places += [tool for tool in STATE.glob("*") if tool.is_dir()]
    for place in places:
        _remove(place)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
        say(f"removed {place.relative_to(ROOT)}")
