"""Notices that are declared are notices that are given."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from edge_agent.till.view import NoticeCode

AGENT = Path(__file__).parents[4] / "edge_agent"


def test_every_notice_is_given_by_somebody() -> None:
    """A code that nothing gives is a sentence that translators worked for in vain, and a test that proves nothing."""
    modules = (path for path in AGENT.rglob("*.py") if "pages" not in path.parts and path.name != "view.py")
    said = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    assert not [code for code in get_args(NoticeCode) if f'"{code}"' not in said]
