"""System packages that some verbs need: found by looking for their programs, installed by apt where it may.

Where apt may not (no Debian, no rights), the message says exactly what to install. Nothing here starts a service; a
distribution's package may start one of its own, and the tests use neither its port nor its data.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from glob import glob

from installers.workplace.steps import WorkplaceError, run, say


@dataclass(frozen=True)
class SystemPackage:
    """A package of the distribution, and the programs of which any one shows that it is there."""

    name: str
    programs: tuple[str, ...]
    purpose: str

    def present(self) -> bool:
        """Tell whether one of its programs is on the machine, also where a person's PATH does not lead."""
        return any(_find(program) for program in self.programs)


MOSQUITTO = SystemPackage("mosquitto", ("mosquitto",), "the MQTT broker for production")
POSTGRESQL = SystemPackage("postgresql", ("initdb",), "the hub's database for production")
CHROMIUM = SystemPackage(
    "chromium", ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"), "a browser for the pages"
)
STRACE = SystemPackage("strace", ("strace",), "system calls, to record and to break them")
PYTHON_VENV = SystemPackage("python3-venv", (), "pip, to fetch everything else")
IPROUTE2 = SystemPackage("iproute2", ("ip",), "network namespaces, to give tills a network that fails")
NFTABLES = SystemPackage("nftables", ("nft",), "packet rules, to lose and refuse a till's packets")
FOR_TESTS = (MOSQUITTO, POSTGRESQL, CHROMIUM, *((STRACE, IPROUTE2, NFTABLES) if sys.platform == "linux" else ()))

# Debian keeps servers out of a person's PATH; Homebrew and the PostgreSQL installer have places of their own.
HIDDEN_PLACES = (
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/Library/PostgreSQL/*/bin",
    "/Applications/Chromium.app/Contents/MacOS",
)


def require(packages: Iterable[SystemPackage]) -> None:
    """Return when all packages are there, installing them if this may be done without asking anybody."""
    missing = [package for package in packages if not package.present()]
    if not missing:
        return
    apt = _apt()
    names = [package.name for package in missing]
    if apt is None:
        raise WorkplaceError(instructions(missing))
    for package in missing:
        say(f"the system lacks {package.name} ({package.purpose}); installing it by apt")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}
    remedy = instructions(missing)
    run([*apt, "update", "-qq"], remedy=remedy, env=environment, silent=not sys.stderr.isatty())
    install = ["install", "-qq", "--yes", "--no-install-recommends", *names]
    run([*apt, *install], remedy=remedy, env=environment, silent=not sys.stderr.isatty())
    still = [package for package in missing if package.programs and not package.present()]
    if still:
        raise WorkplaceError(instructions(still))


def instructions(packages: Sequence[SystemPackage]) -> str:
    """Say in words what a person has to install."""
    lines = ["Please install these, then call ./dev again:"]
    lines += [f"  {package.name:12} {package.purpose}" for package in packages]
    lines.append(f"On Debian or Ubuntu: sudo apt-get install {' '.join(package.name for package in packages)}")
    return "\n".join(lines)


def _apt() -> Sequence[str] | None:
    if sys.platform != "linux" or shutil.which("apt-get") is None:
        return None
    # Another apt may be at work, as at the first start of a machine: wait for it.
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
    if os.geteuid() == 0:
        return apt
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    free = subprocess.run([sudo, "--non-interactive", "true"], check=False, capture_output=True)  # noqa: S603 - asks nothing
    keep = "--preserve-env=DEBIAN_FRONTEND,NEEDRESTART_MODE"
    return [sudo, "--non-interactive", keep, *apt] if free.returncode == 0 else None


def _find(program: str) -> str | None:
    if found := shutil.which(program):
        return found
    for pattern in HIDDEN_PLACES:
        for folder in sorted(glob(pattern), reverse=True):  # noqa: PTH207 - absolute patterns
            if found := shutil.which(program, path=folder):
                return found
    return None
