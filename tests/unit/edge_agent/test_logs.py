"""Log lines: a constant message, its fields, and a traceback if there is one; as text and as JSON."""

from __future__ import annotations

import json
import logging
import sys

from edge_agent.logs import JsonFormatter, TextFormatter


def record_with(**fields: object) -> logging.LogRecord:
    """A record as `_log.warning(message, extra=fields)` makes it."""
    return logging.getLogger("till").makeRecord(
        "till", logging.WARNING, "f.py", 1, "link: offline", (), None, extra=fields
    )


def test_json_lines_carry_message_and_fields() -> None:
    """One object a line, ready for a collector."""
    entry = json.loads(JsonFormatter().format(record_with(why="refused", tries=3)))
    assert (entry["level"], entry["message"], entry["why"], entry["tries"]) == (
        "warning",
        "link: offline",
        "refused",
        3,
    )
    assert entry["time"].endswith("Z")


def test_text_lines_are_for_people() -> None:
    """Time, level, message, fields."""
    line = TextFormatter().format(record_with(why="refused"))
    assert line.endswith("WARNING link: offline  why='refused'")


def test_an_exception_is_kept() -> None:
    """In both forms, with its traceback."""
    record = record_with()
    try:
        int("lost")
    except ValueError:
        record.exc_info = sys.exc_info()
    assert "ValueError: invalid" in json.loads(JsonFormatter().format(record))["traceback"]
    assert "ValueError: invalid" in TextFormatter().format(record)
