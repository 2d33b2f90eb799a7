"""Jinja's environments, one for each language, and the languages to speak: made once, shared by page and display."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from edge_agent.pages.port import Language
from edge_agent.pages.speech import Speech
from edge_agent.pages.translations import translations

TEMPLATES = Path(__file__).parent / "templates"


@cache
def speech_of(language: Language) -> Speech:
    """The language to speak."""
    return Speech(language, translations(language))


@cache
def environment(language: Language) -> Environment:
    """The templates in a language. What a template names and nobody gave is an error, never an empty text."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    return made
