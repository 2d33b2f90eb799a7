"""What may lie in the repository: our own work, without traces of the machine that it was written on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from installers.workplace import python
from tests.tidy.checkout import ROOT, files, report, text_of

# Joined here, so that this file does not name what no file may name.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("crates", "io"),
    )
)
MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me|Us" + r"ers)/\w")
OTHERS_WORK = {".eot", ".jar", ".otf", ".ttf", ".woff", ".woff2", ".whl", ".gz", ".zip", ".so", ".dll", ".exe", ".mo"}
FILE_SIZE_MAX_BYTES = 1_000_000
LOCKS = ("dev.txt", "node.txt", "runtime.txt", "uv.txt")
PACKAGE_LOCK = Path("installers/assets/package-lock.json")


def test_no_file_names_a_package_registry() -> None:
    """Which registry serves a package is the business of the machine that installs it."""
    found = [
        f"{path.as_posix()}:{number} {host}"
        for path in files()
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        for host in REGISTRY_HOSTS
        if host in line
    ]
    assert not found, report("no file names the host of a package registry", found)


def test_no_file_names_a_folder_of_one_machine() -> None:
    """A path below a person's home, or below the folder that a build machine works in, is true in one place only."""
    found = [
        f"{path.as_posix()}:{number} {line.strip()[:100]}"
        for path in files()
        for number, line in enumerate((text_of(path) or "").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not found, report("no file names a folder of one machine", found)


def test_the_repository_holds_our_own_work_only() -> None:
    """Fonts, archives, programs and minified scripts come from packages that a lock pins, never from a commit."""
    found = [
        path.as_posix()
        for path in files()
        if path.suffix.lower() in OTHERS_WORK
        or path.name.endswith((".min.js", ".min.css"))
        or {"vendor", "node_modules", "third_party"} & set(path.parts)
    ]
    assert not found, report("no third-party file is committed", found)


def test_files_are_of_a_size_that_can_be_reviewed() -> None:
    """No file has more than a megabyte: data of that size is made by a test or fetched."""
    large = [path.as_posix() for path in files() if (ROOT / path).stat().st_size > FILE_SIZE_MAX_BYTES]
    assert not large, report("no file is larger than a megabyte", large)


@pytest.mark.parametrize("name", LOCKS)
def test_python_locks_have_hashes_and_no_addresses(name: str) -> None:
    """Every package is pinned to one version with hashes; nothing says where to fetch it."""
    lines = (python.LOCKS / name).read_text("utf-8").splitlines()
    pinned = [number for number, line in enumerate(lines) if line and not line.startswith((" ", "#"))]
    exact = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^ ;]+")
    loose = [lines[number] for number in pinned if not exact.match(lines[number])]
    bare = [lines[number] for number in pinned if "--hash=sha256:" not in lines[number + 1]]
    addresses = [line for line in lines if re.search(r"https?:|file:|--(extra-)?index|--find-links|@ ", line)]
    assert pinned
    assert not [*loose, *bare, *addresses]


@pytest.mark.parametrize("name", ["dev.txt", "runtime.txt"])
def test_python_locks_answer_to_pyproject(name: str) -> None:
    """A change of the dependencies comes with the locks that follow from it: `./dev lock`."""
    first = (python.LOCKS / name).read_text("utf-8").partition("\n")[0]
    assert first.endswith(f" {python.dependencies_fingerprint()}"), "call ./dev lock and commit what it changes"


def test_the_npm_lock_has_hashes_and_no_addresses() -> None:
    """As for Python: npm's lock pins by hash and names no place."""
    packages = json.loads((ROOT / PACKAGE_LOCK).read_text("utf-8"))["packages"]
    wanted = json.loads((ROOT / PACKAGE_LOCK).with_name("package.json").read_text("utf-8"))["dependencies"]
    assert packages.pop("")["dependencies"] == wanted, "call ./dev lock and commit what it changes"
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if package.get("hasInstallScript")]


def test_npm_versions_are_exact() -> None:
    """What the pages ship is chosen by us: no range lets npm choose."""
    wanted = json.loads((ROOT / PACKAGE_LOCK).with_name("package.json").read_text("utf-8"))["dependencies"]
    assert not [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)]
