"""`./dev`: it helps without installing, repairs what was interrupted, and hands a person's own settings on."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from installers.workplace import python, steps, system
from tests.tidy.checkout import ROOT


def load_dev() -> ModuleType:
    """The script `dev` as a module."""
    loader = SourceFileLoader("dev_script", str(ROOT / "dev"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks there for its own annotations
    loader.exec_module(module)
    return module


DEV = load_dev()


def call(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Call ./dev as a person does, from the given folder."""
    command = [sys.executable, str(ROOT / "dev"), *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)  # noqa: S603 - our own


def test_help_lists_every_verb(tmp_path: Path) -> None:
    """`./dev` alone, called from anywhere, says what it can do."""
    said = call(folder=tmp_path)
    assert said.returncode == 0
    assert set(DEV.VERBS) == {line.split()[0] for line in said.stdout.splitlines() if line.startswith("  ")}


@pytest.mark.parametrize("verb", ["check", "clean", "fmt", "lock", "setup", "test"])
def test_each_verb_has_help(verb: str, tmp_path: Path) -> None:
    """`./dev VERB --help` explains the verb and changes nothing."""
    said = call(verb, "--help", folder=tmp_path)
    assert said.returncode == 0
    assert DEV.VERBS[verb].summary.split()[0].capitalize() in said.stdout


def test_a_verb_that_does_not_exist_is_named() -> None:
    """A slip of the finger gets the list of verbs, and an exit code of its own."""
    said = call("tset")
    assert (said.returncode, "no verb 'tset'" in said.stderr) == (2, True)


def test_an_old_python_can_read_the_script_as_far_as_the_advice() -> None:
    """Python 3.7 can parse the file, so that it gets to say that 3.11 is needed."""
    ast.parse((ROOT / "dev").read_text("utf-8"), feature_version=(3, 7))


def test_only_the_standard_library_is_imported() -> None:
    """What runs before anything is installed imports nothing that would have to be installed."""
    before = [ROOT / "dev", *(ROOT / "installers/workplace").glob("*.py"), ROOT / "installers/assets/fetch.py"]
    foreign = {
        f"{path.name}: {name}"
        for path in before
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in _imported(node)
        if name not in sys.stdlib_module_names and name != "installers"
    }
    assert not foreign


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ((), True),
        (("-k", "journal"), True),
        (("tests/unit",), False),
        (("tests/tidy/test_dev.py::test_x", "-x"), False),
        (("tests/unit", "tests/browser"), True),
        (("tests/",), True),
    ],
)
def test_the_system_is_asked_for_no_more_than_the_tests_need(arguments: tuple[str, ...], needed: bool) -> None:
    """Nobody has to install a database to run the unit tests."""
    assert DEV.needs_system(arguments) is needed


def test_an_interrupted_step_is_done_again(tmp_path: Path) -> None:
    """A step that was killed in the middle has no stamp, not even that of the time before."""
    stamp = tmp_path / "stamp"
    with steps.step("first", stamp, "one"):
        pass
    assert steps.stamped(stamp, "one")
    with pytest.raises(KeyboardInterrupt), steps.step("second", stamp, "two"):
        raise KeyboardInterrupt
    assert not steps.stamped(stamp, "one")
    assert not steps.stamped(stamp, "two")


def test_two_calls_at_once_set_up_one_after_the_other(tmp_path: Path) -> None:
    """While one holds the lock the other waits, then gets it."""
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with steps.alone(tmp_path):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with steps.alone(tmp_path):
        inside.set()
        thread.join(timeout=3 * steps.LOCK_POLL_S)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.skipif(steps.WINDOWS, reason="there a lock ends with the process that took it")
def test_what_a_killed_call_left_running_still_holds_the_lock(tmp_path: Path) -> None:
    """A ./dev that is killed leaves uv at work; the next call waits for it instead of writing into the same folder."""
    program = f"""
import pathlib, subprocess, sys
from installers.workplace import steps
with steps.alone(pathlib.Path({str(tmp_path)!r})):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False, stdout=2)
    print(child.pid, flush=True)
    child.wait()
"""
    first = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert first.stdout is not None
    orphan = int(first.stdout.readline())
    first.kill()
    first.wait()
    first.stdout.close()
    free = threading.Event()
    waiting = threading.Thread(target=lambda: take(tmp_path, free))
    waiting.start()
    waits = not free.wait(3 * steps.LOCK_POLL_S)
    os.kill(orphan, signal.SIGKILL)
    waiting.join()
    assert (waits, free.is_set()) == (True, True)


def take(state: Path, taken: threading.Event) -> None:
    """Take the lock, and say so."""
    with steps.alone(state):
        taken.set()


def test_fingerprints_tell_parts_apart() -> None:
    """What moves from one part to the next changes the fingerprint."""
    assert steps.fingerprint("ab", "c") != steps.fingerprint("a", "bc")
    assert steps.fingerprint("ab", "c") == steps.fingerprint(b"ab", b"c")


def test_settings_of_pip_reach_uv() -> None:
    """Who set pip up for a mirror, a proxy or a certificate need not do it again for uv."""
    listing = """global.cert='/old.crt'
global.extra-index-url='file:///a/simple file:///b/simple'
global.find-links='\\n/one\\n/two'
:env:.cert='/new.crt'
list.format='columns'
"""
    variables = python.in_words_of_uv(python.pip_settings(listing))
    assert variables["SSL_CERT_FILE"] == "/new.crt"
    assert variables["UV_INDEX"] == "file:///a/simple file:///b/simple"
    assert variables["UV_FIND_LINKS"] == "/one,/two"
    assert "UV_DEFAULT_INDEX" not in variables


def test_what_is_missing_is_named_with_the_remedy() -> None:
    """Where apt may not install, the message is a line to copy."""
    absent = system.SystemPackage("some-broker", ("no-such-program-anywhere",), "a broker")
    assert not absent.present()
    assert "sudo apt-get install some-broker" in system.instructions([absent])


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return []
