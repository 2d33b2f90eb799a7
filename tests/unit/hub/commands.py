"""The hub's command line, called as a shell calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.cli import main


def hub(settings: Path, *arguments: str) -> int:
    """Run a command with this settings file; its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(settings), *arguments])
    return int(ended.value.code or 0)
