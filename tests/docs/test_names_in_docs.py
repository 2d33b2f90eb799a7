"""The docs name code as `path/to/file.py::name`; each such name must exist, or the docs have become a story."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"`([\w/]+\.py)::([\w.]+)`")
STATIONS_MIN = 12
"""How many stations "follow a sale" names at least: from the scanner's bytes to the web shop."""


def pages() -> list[Path]:
    """All pages of the docs, and the README."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def names_in(page: Path) -> list[tuple[str, str]]:
    """(file, qualified name) pairs that a page mentions."""
    return _NAME.findall(page.read_text(encoding="utf-8"))


def defined_in(path: Path) -> set[str]:
    """Qualified names of everything that a module defines: functions, classes, methods, constants."""
    found: set[str] = set()

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(prefix + child.name)
                visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.Assign | ast.AnnAssign):
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                found.update(prefix + target.id for target in targets if isinstance(target, ast.Name))

    visit(ast.parse(path.read_text(encoding="utf-8")), "")
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_names_in_docs_exist(page: Path) -> None:
    """Every `file.py::name` in a page is defined in that file."""
    missing = [
        f"{file}::{name}"
        for file, name in names_in(page)
        if not (ROOT / file).is_file() or name not in defined_in(ROOT / file)
    ]
    assert not missing, f"{page.relative_to(ROOT)} names what is not there: {missing}"


def test_follow_a_sale_walks_the_whole_way() -> None:
    """The page has enough stations, and passes through every room of the way."""
    stations = [file for file, _ in names_in(ROOT / "docs/explanation/follow-a-sale.md")]
    assert len(stations) >= STATIONS_MIN
    rooms = ("edge_agent/devices", "edge_agent/till", "edge_agent/journal", "edge_agent/sync", "protocol", "hub/ingest",
             "hub/storage", "hub/feed", "edge_agent/replica", "hub/api")  # fmt: skip
    assert not [room for room in rooms if not any(station.startswith(room) for station in stations)]
