"""The page's languages: gettext catalogues, compiled by the build, or read from their .po in a checkout.

Each matter has its own catalogue, `LC_MESSAGES/<matter>.po`. English is the language of the message ids; its
catalogues hold the plurals. Trap: a .mo that is older than its .po
is left aside, since a translator who corrected a sentence must see it at the next start.
"""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from edge_agent.pages.port import Language

FOLDER = Path(__file__).parent / "locale"
LANGUAGES: tuple[Language, ...] = ("vi", "en")


@cache
def translations(language: Language) -> GNUTranslations:
    """Return the catalogue of a language, read once."""
    return load(language, FOLDER)


def load(language: Language, folder: Path) -> GNUTranslations:
    """Read the catalogues of a language from a folder of locales: one for each matter, searched one after the other."""
    sources = sorted((folder / language / "LC_MESSAGES").glob("*.[mp]o"))
    names = sorted({source.with_suffix("") for source in sources})
    first = _catalogue(language, names[0])
    for name in names[1:]:
        first.add_fallback(_catalogue(language, name))
    return first


def _catalogue(language: Language, name: Path) -> GNUTranslations:
    source, compiled = name.with_suffix(".po"), name.with_suffix(".mo")
    if compiled.is_file() and (not source.is_file() or compiled.stat().st_mtime_ns >= source.stat().st_mtime_ns):
        with compiled.open("rb") as file:
            return GNUTranslations(file)
    with source.open("rb") as text:
        catalogue = read_po(text, locale=language, abort_invalid=True)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    buffer.seek(0)
    return GNUTranslations(buffer)
