"""The ground that every step of a set-up stands on: fingerprints, stamps, one lock, and words on stderr.

A step is done when its stamp says the hash of all that decides its result; the stamp is written last, so a set-up
that was killed half-way is found unfinished and repaired by the next call. Standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".tillwire" / "dev"
WINDOWS = os.name == "nt"
LOCK_POLL_S = 0.2
LOCK_WAIT_MAX_S = 1800.0


class WorkplaceError(Exception):
    """Something is missing on this machine; the message names it and the remedy."""


def say(text: str) -> None:
    """Tell the person at the terminal what goes on; stdout stays free for what the verb itself prints."""
    sys.stderr.write(f"dev: {text}\n")
    sys.stderr.flush()


def fingerprint(*parts: bytes | str) -> str:
    """Return a short hash over the parts, which cannot run into each other."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:24]


def stamped(stamp: Path, wanted: str) -> bool:
    """Tell whether the step that owns the stamp was finished with this fingerprint."""
    try:
        return stamp.read_text("ascii") == wanted
    except (OSError, UnicodeDecodeError):
        return False


@contextlib.contextmanager
def step(words: str, stamp: Path, wanted: str) -> Iterator[None]:
    """Announce a step, run the body, and stamp it only if the body came to its end."""
    say(f"{words} ...")
    began = time.monotonic()
    stamp.unlink(missing_ok=True)
    yield
    stamp.parent.mkdir(parents=True, exist_ok=True)
    fresh = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    fresh.write_text(wanted, "ascii")
    fresh.replace(stamp)
    say(f"{words}: done in {time.monotonic() - began:.1f} s")


@contextlib.contextmanager
def alone(state: Path = STATE) -> Iterator[None]:
    """Hold the one lock of this checkout: two calls at once set it up one after the other.

    The system lets go of the lock when a process dies, so a killed set-up never blocks the next.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a+b") as file:
        told = False
        give_up_at = time.monotonic() + LOCK_WAIT_MAX_S
        while not _try_lock(file.fileno()):
            if time.monotonic() > give_up_at:
                raise WorkplaceError(f"another ./dev has held {state / 'lock'} for half an hour: end it, try again")
            if not told:
                say("another ./dev is setting up this checkout; waiting for it")
                told = True
            time.sleep(LOCK_POLL_S)
        # What `run` starts holds the lock too, should this process be killed and leave it running.
        os.set_inheritable(file.fileno(), not WINDOWS)
        yield


def run(
    command: Sequence[str | Path], *, remedy: str, env: Mapping[str, str] | None = None, silent: bool = False
) -> None:
    """Run a command of a set-up with its output on stderr; raise WorkplaceError with the remedy if it fails.

    A silent one shows what it said only when it fails.
    """
    line = [str(part) for part in command]
    target = subprocess.PIPE if silent else sys.stderr
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            line,
            cwd=ROOT,
            env=env,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=subprocess.STDOUT,
            close_fds=WINDOWS,  # see `alone`
        )
    except OSError as error:
        raise WorkplaceError(f"{line[0]} cannot be started ({error}). {remedy}") from error
    if done.returncode != 0:
        if silent:
            sys.stderr.write(done.stdout.decode(errors="replace"))
        raise WorkplaceError(
            f"that failed (exit code {done.returncode}). {remedy}\nThe command was: {shlex.join(line)}"
        )


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
