"""A process and its children, as Linux tells of them."""

from __future__ import annotations

import contextlib
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """The ids of a process's children and their children, the eldest first."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                fields = (entry / "stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, looking = [], [pid]
    while looking:
        children = parents.get(looking.pop(0), [])
        found += children
        looking += children
    return found


def runs(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def lanes_of(pid: int) -> list[int]:
    """The processes of lanes that a hub has."""
    found = []
    for child in descendants(pid):
        with contextlib.suppress(OSError):
            if runs(child) and b"lane_child" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
    return found


def peak_mb(pid: int) -> float:
    """The most memory that a process and its children have had so far, each by itself, in MB."""
    return round(sum(_peak_kb(one) for one in (pid, *descendants(pid))) / 1024, 1)


def _peak_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
