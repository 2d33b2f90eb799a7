"""The wheel as its user gets it: with pages, translations, licences and the three commands, and without our tests."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

from installers.assets import fetch
from installers.workplace import python
from installers.workplace.steps import WINDOWS
from tests.tidy.checkout import ROOT, files

COMMANDS = ("tillwire-agent", "tillwire-hub", "tillwire-sim")
PACKAGES = ("edge_agent", "hardware_sim", "hub", "protocol")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the locked hatchling from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def contents(wheel: Path) -> Iterator[zipfile.ZipFile]:
    """The wheel, opened."""
    with zipfile.ZipFile(wheel) as archive:
        yield archive


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs of a fresh environment that the wheel was installed into.

    Its dependencies are those of this environment, lent by a .pth, so that the test needs no network. The checkout is
    not lent: a file that is missing in the wheel is missing here.
    """
    folder = tmp_path_factory.mktemp("fresh environment")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    programs = folder / ("Scripts" if WINDOWS else "bin")
    interpreter = programs / ("python.exe" if WINDOWS else "python")
    uv = python.tool(python.LOCKS / "uv.txt", "uv")
    run(str(uv), "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(interpreter), str(wheel))
    paths = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(str(interpreter), "-c", paths).strip())
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return programs


def test_the_wheel_carries_all_that_is_committed_of_the_packages(contents: zipfile.ZipFile) -> None:
    """No template, style sheet or schema is forgotten; sources of translations are replaced by what they compile to."""
    names = set(contents.namelist())
    ours = [path for path in files() if path.parts[0] in PACKAGES and path.suffix not in {".po", ".pot", ".md"}]
    assert [path.as_posix() for path in ours if path.as_posix() not in names] == []
    catalogues = [path.with_suffix(".mo") for path in files() if path.suffix == ".po" and path.parts[0] in PACKAGES]
    assert [path.as_posix() for path in catalogues if path.as_posix() not in names] == []


def test_the_wheel_carries_the_fetched_assets_with_their_licences(contents: zipfile.ZipFile) -> None:
    """Pages and receipts work on a machine that never saw npm."""
    names = set(contents.namelist())
    for place in fetch.places(ROOT).values():
        fetched = [path.relative_to(ROOT).as_posix() for path in place.rglob("*") if path.is_file()]
        assert fetched
        assert any("/licences/" in name for name in fetched)
        assert [name for name in fetched if name not in names] == []


def test_the_wheel_carries_nothing_else(contents: zipfile.ZipFile) -> None:
    """Tests, tools and what lay about in the checkout stay at home."""
    tops = {name.partition("/")[0] for name in contents.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert [name for name in contents.namelist() if "__pycache__" in name or name.endswith((".po", ".db"))] == []


def test_the_wheel_states_its_licence(contents: zipfile.ZipFile) -> None:
    """Who audits a machine finds the SPDX expression and the text."""
    (name,) = [name for name in contents.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = Parser().parsestr(contents.read(name).decode())
    assert metadata["License-Expression"] == "Apache-2.0"
    assert name.replace("METADATA", "licenses/LICENSE") in contents.namelist()


@pytest.mark.parametrize("command", COMMANDS)
def test_an_installed_wheel_gives_the_command(command: str, installed: Path, tmp_path: Path) -> None:
    """Each of the three commands is there and explains itself, far from any checkout."""
    program = installed / (f"{command}.exe" if WINDOWS else command)
    said = subprocess.run([str(program), "--help"], cwd=tmp_path, check=False, capture_output=True, text=True)  # noqa: S603
    assert said.returncode == 0, said.stderr
    assert "Usage:" in said.stdout


def run(*command: str) -> str:
    """Run a command in the checkout; return its output, or fail with it."""
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
