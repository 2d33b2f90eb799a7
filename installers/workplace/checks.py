"""The static checks, one after the other; all of them run, so that one call shows all that is wrong."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from installers.workplace import python
from installers.workplace.steps import ROOT, say

CODE = ("dev", "edge_agent", "hardware_sim", "hub", "installers", "protocol", "tests")
CHECKS: Mapping[str, tuple[str, ...]] = {
    "lint": ("-m", "ruff", "check", "--quiet", "."),
    "format": ("-m", "ruff", "format", "--quiet", "--check", "--diff", "."),
    "types": ("-m", "mypy", "--no-error-summary", *CODE),
    "imports": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-logo"),
    "schemas": ("-m", "protocol.schemas", "--check"),
}


def run_checks(names: Sequence[str]) -> int:
    """Run the named checks, print what fails, and return 0 when all pass, else 1."""
    failed = []
    for name in names:
        began = time.monotonic()
        passed = _passes(CHECKS[name])
        say(f"check {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.1f} s")
        if not passed:
            failed.append(name)
    if failed:
        say(f"not passed: {', '.join(failed)}; one alone: ./dev check --only {failed[0]}; ./dev fmt mends what it can")
        return 1
    return 0


def _passes(arguments: Sequence[str | Path]) -> bool:
    done = subprocess.run(  # noqa: S603 - our own arguments
        [python.PYTHON, *arguments],
        cwd=ROOT,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        sys.stdout.write(done.stdout)
        sys.stdout.flush()
    return done.returncode == 0
