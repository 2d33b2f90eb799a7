"""Compile the translations: every .po under a `locale` folder of the shipped packages becomes the .mo beside it.

A catalogue with an error stops the build with the file and line, rather than showing a cashier half a sentence.
Needs Babel, which is in the lock and in the build's requirements.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("edge_agent", "hub")


class CatalogueError(Exception):
    """A .po file cannot be used; the message names file and line."""


def stale(root: Path = ROOT) -> list[Path]:
    """List the .po files that have no .mo, or an older one."""
    found = []
    for package in SHIPPED:
        for source in sorted((root / package).glob("**/locale/*/LC_MESSAGES/*.po")):
            compiled = source.with_suffix(".mo")
            if not compiled.is_file() or compiled.stat().st_mtime_ns < source.stat().st_mtime_ns:
                found.append(source)
    return found


def compile_catalogue(source: Path) -> Path:
    """Compile one catalogue and return the .mo; raise CatalogueError for a bad one."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    try:
        with source.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{source}: {error}") from error
    for message in catalogue:
        for fault in message.check(catalogue):
            raise CatalogueError(f"{source}:{message.lineno}: {fault}")
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    target = source.with_suffix(".mo")
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.write_bytes(buffer.getvalue())
    fresh.replace(target)
    return target


def main() -> int:
    """Compile what is stale; 0 when all is well, 1 with the reason on stderr."""
    try:
        for source in stale():
            compile_catalogue(source)
    except CatalogueError as error:
        sys.stderr.write(f"translations: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
