"""The Python side of a checkout: uv, the virtual environment, the locked packages, and Tillwire itself in it.

Everything installed is pinned by hash in locks/; where it comes from is the machine's own business, so pip's settings
(index, certificates, proxy) are handed on to uv, which reads none of them.
Trap: a package that somebody put into .venv by hand is removed when the locks change; add it to pyproject.toml.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from installers.workplace.steps import ROOT, STATE, WINDOWS, WorkplaceError, fingerprint, run, say, stamped, step

VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = SCRIPTS / ("python.exe" if WINDOWS else "python")
LOCKS = ROOT / "locks"
LOCK = LOCKS / "dev.txt"
AGAIN = "What it said is above. Is the package registry in reach? A second call goes on where this one stopped."
# pip's settings that decide where packages come from, and what uv calls them.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "trusted-host": "UV_INSECURE_HOST",
}


def ready() -> bool:
    """Tell, in a few milliseconds, whether the environment is what the locks and pyproject.toml say."""
    return _venv_works() and stamped(VENV / ".tillwire-packages", _wanted())


def make() -> None:
    """Make or mend the environment; call it with the lock held."""
    uv = tool(LOCKS / "uv.txt", "uv")
    environment = uv_environment(extra_indexes=True)
    if not _venv_works():
        with step(f"making .venv with Python {platform.python_version()}", VENV / ".tillwire-venv", "made"):
            run(
                [str(uv), "venv", "--quiet", "--clear", "--python", base_python(), str(VENV)],
                remedy=AGAIN,
                env=environment,
            )
    with step("installing the locked packages", VENV / ".tillwire-packages", _wanted()):
        quiet = [] if sys.stderr.isatty() else ["--quiet"]
        pip = [str(uv), "pip"]
        run(
            [*pip, "sync", *quiet, "--python", str(PYTHON), "--require-hashes", str(LOCK)],
            remedy=AGAIN,
            env=environment,
        )
        # Without isolation: hatchling is in the lock, so nothing unpinned takes part.
        editable = [
            "install",
            *quiet,
            "--python",
            str(PYTHON),
            "--no-deps",
            "--no-build-isolation",
            "--editable",
            str(ROOT),
        ]
        run([*pip, *editable], remedy=AGAIN, env=environment)


def tool(lock: Path, binary: str | None) -> Path:
    """Install a locked tool into a folder of its own, named by the lock's content; return its binary, or the folder.

    It lies beside the environment and not in it, so that the environment can be thrown away and made again.
    """
    content = lock.read_bytes()
    name = lock.stem
    folder = STATE / f"{name}-{fingerprint(content, sys.platform, platform.machine())}"
    if not stamped(folder / ".complete", "made"):
        with step(f"installing {name}", folder / ".complete", "made"):
            for older in STATE.glob(f"{name}-*"):
                shutil.rmtree(older, ignore_errors=True)
            _pip_install(lock, folder)
    if binary is None:
        return folder
    for place in (folder / "bin" / binary, folder / "Scripts" / f"{binary}.exe", folder / "bin" / f"{binary}.exe"):
        if place.is_file():
            return place
    shutil.rmtree(folder, ignore_errors=True)
    raise WorkplaceError(f"the locked package of {lock.name} brought no program {binary!r}: call ./dev again")


def base_python() -> str:
    """Return the interpreter that stands behind this one, should this one live in a virtual environment."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def uv_environment(*, extra_indexes: bool) -> dict[str, str]:
    """Return the environment for uv: this one, and what pip's settings mean in uv's words.

    `extra_indexes=False` is for making locks: what lies only on this machine has no place in them.
    """
    listing = subprocess.run([*_pip(), "config", "list"], check=False, capture_output=True, text=True).stdout  # noqa: S603
    settings = pip_settings(listing)
    if not extra_indexes:
        settings = {key: value for key, value in settings.items() if key not in {"extra-index-url", "find-links"}}
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    return {**in_words_of_uv(settings), **environment}


def pip_settings(listing: str) -> dict[str, str]:
    """Read what `pip config list` prints; a later section overrides an earlier one, as in pip."""
    found: dict[str, str] = {}
    for wanted in ("global", "install", ":env:"):
        for line in listing.splitlines():
            name, _, value = line.partition("=")
            section, _, key = name.rpartition(".")
            if section == wanted:
                found[key] = " ".join(str(ast.literal_eval(value)).split())
    return found


def in_words_of_uv(settings: Mapping[str, str]) -> dict[str, str]:
    """Translate pip's settings into variables for uv; those that uv has no word for are left out."""
    variables = {name: settings[key] for key, name in PIP_TO_UV.items() if key in settings}
    if "UV_FIND_LINKS" in variables:  # the one list that uv separates by commas
        variables["UV_FIND_LINKS"] = variables["UV_FIND_LINKS"].replace(" ", ",")
    # As pip does: the best version of all indexes. Every file must have a hash of the lock, whoever serves it.
    return {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_INDEX_STRATEGY": "unsafe-best-match", **variables}


def dependencies_fingerprint() -> str:
    """Return a hash over what pyproject.toml asks for; the lock carries it, so that a test can tell an old lock."""
    project = _pyproject()["project"]
    asked = [project["requires-python"], project["dependencies"], project["optional-dependencies"]]
    return fingerprint(json.dumps([*asked, _pyproject()["dependency-groups"]], sort_keys=True))


def _wanted() -> str:
    project = json.dumps([_pyproject()["project"], _pyproject()["build-system"]], sort_keys=True)
    return fingerprint(LOCK.read_bytes(), project, str(ROOT))


def _pyproject() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _venv_works() -> bool:
    # exists() follows the link: a venv whose interpreter was removed or moved is made again.
    return (VENV / "pyvenv.cfg").is_file() and PYTHON.exists()


def _pip_install(lock: Path, folder: Path) -> None:
    arguments = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    # These two settings of a person's pip contradict --target.
    environment = {**os.environ, "PIP_USER": "0", "PIP_ROOT_USER_ACTION": "ignore", "PIP_REQUIRE_VIRTUALENV": "0"}
    target = ["--require-hashes", "--target", str(folder), "--requirement", str(lock)]
    run([*_pip(), *arguments, *target], remedy=AGAIN, env=environment)


def _pip() -> list[str]:
    """Find a pip: that of the machine's Python, else one made from the copy that Python itself carries."""
    if _answers([base_python(), "-m", "pip", "--version"]):
        return [base_python(), "-m", "pip"]
    folder = STATE / "pip"
    python = folder / ("Scripts/python.exe" if WINDOWS else "bin/python")
    if not _answers([str(python), "-m", "pip", "--version"]):
        say("this Python has no pip; making one in a corner of its own")
        shutil.rmtree(folder, ignore_errors=True)
        if not _answers([base_python(), "-m", "venv", str(folder)]):
            from installers.workplace import system

            system.require([system.PYTHON_VENV])
            run([base_python(), "-m", "venv", folder], remedy="Install pip for this Python, then call ./dev again.")
    return [str(python), "-m", "pip"]


def _answers(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True)  # noqa: S603 - our own arguments
    except OSError:
        return False
    return done.returncode == 0
