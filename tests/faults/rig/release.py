"""The release before this one, as programs that run: taken out of the repository's own history."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from protocol.ids import StoreId, TerminalId
from tests.faults.rig.plan import Place, Plan

ROOT = Path(__file__).resolve().parents[3]
COMMIT = "1c0cf4db5ffa1a41818dee888bbd39e4cbaf99e8"
"""The last one before the hub's third migration: web orders and reservations were not there yet."""

_ROOMS = ("edge_agent", "hub", "protocol")
SET_UP_S = 120


def missing() -> str:
    """Why there is no such release here; "" if there is."""
    if shutil.which("git") is None:
        return "needs git"
    found = _git("cat-file", "-e", f"{COMMIT}^{{commit}}").returncode == 0
    return "" if found else f"needs the history back to {COMMIT[:7]} (a shallow clone has it not)"


@contextmanager
def unpacked() -> Iterator[Path]:
    """A folder with the release's rooms, and with what a build adds to them (pages' assets, translations)."""
    with TemporaryDirectory(prefix="tillwire-release-") as base:
        folder = Path(base).resolve()
        with tarfile.open(fileobj=BytesIO(_git("archive", COMMIT, *_ROOMS).stdout)) as archive:
            archive.extractall(folder, filter="data")
        built = _git("ls-files", "--others", "--ignored", "--exclude-standard", *_ROOMS).stdout.decode()
        for name in built.splitlines():
            if "__pycache__" not in name and not (folder / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / name)
        yield folder


def program(tree: str, room: str) -> tuple[str, ...]:
    """How `room`'s command line is called in an unpacked release; "" is as it is here."""
    if not tree:
        return ()
    code = f"import sys; sys.path.insert(0, {tree!r}); from {room}.cli import main; main()"
    return (sys.executable, "-c", code)


def set_up(tree: str, folder: Path, broker_port: int, url: str, plan: Plan) -> Mapping[Place, bytes]:
    """Have the release's own code set up a new database; see `hub.set_up`."""
    asked = json.dumps({"folder": str(folder), "broker_port": broker_port, "url": url, "plan": asdict(plan)})
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.faults.rig.hub", asked], cwd=tree, capture_output=True, check=False,
        text=True, timeout=SET_UP_S, env={**os.environ, "PYTHONPATH": os.pathsep.join((tree, str(ROOT)))},  # noqa: TID251 - a child needs this one's environment
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the release {COMMIT[:7]} could not set up its database: {done.stderr[-1000:]}")
    return {
        Place(StoreId(store), TerminalId(terminal)): given.encode()
        for store, terminal, given in json.loads(done.stdout.splitlines()[-1])
    }


def rebuilt(tree: str, config: Path) -> list[str]:
    """What the release's `stock rebuild` finds."""
    done = subprocess.run(  # noqa: S603 - our own program
        [*program(tree, "hub"), "--config", str(config), "stock", "rebuild"],
        capture_output=True, check=False, text=True, timeout=SET_UP_S,
    )  # fmt: skip
    return [] if done.returncode == 0 else [f"stock rebuild: {(done.stdout + done.stderr).strip()[-500:]}"]


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607 - our own words
