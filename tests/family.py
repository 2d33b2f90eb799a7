"""A process and its children, as Linux tells of them."""

from __future__ import annotations

from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended (or nobody has looked after yet)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                status = (entry / "stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            if int(status[1]) == pid:
                found.append(int(entry.name))
    return found


def runs(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def peak_mb(pid: int) -> float:
    """The most memory that a process and its children have had so far, each by itself, in MB."""
    return round(sum(_peak_kb(one) for one in (pid, *children_of(pid))) / 1024, 1)


def _peak_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
