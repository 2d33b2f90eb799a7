"""The checkout as the tidy tests see it: the files that git knows or would add, and the parsed Python among them."""

from __future__ import annotations

import ast
import gc
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT_SIZE_MAX_BYTES = 2_000_000


@dataclass(frozen=True)
class Module:
    """A Python file of the checkout: its path from the root, its lines and its syntax tree."""

    path: Path
    lines: Sequence[str]
    tree: ast.Module

    @property
    def name(self) -> str:
        """The path with slashes, as it is shown in a failure."""
        return self.path.as_posix()


@cache
def files() -> tuple[Path, ...]:
    """All files that are committed or would be, as paths from the root; what git ignores is not among them."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    found = {Path(name) for name in listed.split("\0") if name}
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


@cache
def modules() -> tuple[Module, ...]:
    """All Python files, parsed: those that end in .py, and the script `dev`."""
    return tuple(_parse(path) for path in files() if path.suffix == ".py" or path == Path("dev"))


def text_of(path: Path) -> str | None:
    """The text of a file, or None if it is no text."""
    data = (ROOT / path).read_bytes()
    if len(data) > TEXT_SIZE_MAX_BYTES or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def report(rule: str, offenders: Sequence[str]) -> str:
    """What a failed rule prints: the rule, then one offender a line."""
    return f"{rule}:\n  " + "\n  ".join(offenders)


def _parse(path: Path) -> Module:
    source = (ROOT / path).read_text("utf-8")
    # Python 3.11 counts the depth of a tree for all parsers together. A collection in the middle may end things that an
    # earlier test left open; the warning about them is formatted, for which the traceback parses lines of its own, and
    # the parser outside fails with "AST constructor recursion depth mismatch".
    collecting = gc.isenabled()
    gc.disable()
    try:
        tree = ast.parse(source, str(path))
    finally:
        if collecting:
            gc.enable()
    return Module(path, source.splitlines(), tree)
