"""`tillwire-sim` as people and scripts use it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import serial
from click.testing import CliRunner

from hardware_sim.cli import main
from hardware_sim.control import VERBS

COMMAND = [sys.executable, "-c", "from hardware_sim.cli import main; main()"]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals and POSIX signals")


class Running:
    """A simulator in a process of its own, its standard output read as JSON lines."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603  our own command
            [*COMMAND, *arguments, "--json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def event(self, name: str) -> dict[str, Any]:
        """The next event of that name."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == name:
                return event
        pytest.fail(f"no event {name}: {self.process.stderr.read() if self.process.stderr else ''}")

    def say(self, line: str) -> None:
        """A line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Wait for the exit code."""
        return self.process.wait(20)


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Start it, and end it whatever happens."""
    it = Running(*arguments)
    try:
        yield it
    finally:
        it.process.kill()
        it.process.wait(20)
        for pipe in (it.process.stdin, it.process.stdout, it.process.stderr):
            if pipe is not None:
                pipe.close()


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and all output of a short command."""
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def test_every_option_tells_its_default_and_its_environment_variable() -> None:
    """Nobody has to read the source to configure a simulator."""
    for name, command in main.commands.items():
        text = " ".join(run(name, "--help")[1].split())
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert text.count("env var: TILLWIRE_SIM_") == len(options), text
        assert text.count("default:") == len(options), text


def test_a_printer_prints_obeys_and_ends_cleanly(tmp_path: Path) -> None:
    """Receipts are told and saved; words on standard input, through tell and through drawer work; Ctrl-C is exit 0."""
    with running("printer", "--port", "0", "--control", "127.0.0.1:0", "--out", str(tmp_path / "out")) as printer:
        ready = printer.event("ready")
        control = f"127.0.0.1:{ready['control_port']}"
        with socket.create_connection(("127.0.0.1", ready["port"]), 5) as host:
            host.sendall(b"hello\n\x1bp\0\x19\xfa\x1dV\0\x1dr\x01")
            assert host.recv(1) == b"\0"
            receipt = printer.event("receipt")
            assert (receipt["lines"], receipt["complete"]) == (["hello"], True)
            assert Path(receipt["png"]).read_bytes().startswith(b"\x89PNG")
            printer.say("cover-open")
            assert printer.event("answer")["ok"]
            host.sendall(b"\x10\x04\x02")
            assert host.recv(1) == b"\x16"
        code, text = run("tell", "--control", control, "--json", "status")
        assert code == 0
        assert json.loads(text)["cover_open"] is True
        assert json.loads(run("drawer", "status", "--control", control, "--json")[1])["drawer"]["openings"] == 1
        assert run("drawer", "close", "--control", control)[0] == 0
        code, text = run("tell", "--control", control, "paper-out", "soon")
        assert (code, "paper-out [AFTER_ROWS]" in text) == (1, True)
        code, text = run("tell", "--control", control, "explode")
        assert (code, "it knows: help" in text) == (1, True)
        printer.process.send_signal(signal.SIGINT)
        stopped = printer.event("stopped")
        assert (stopped["receipts"], stopped["unknown"], stopped["drawer"]["open"]) == (1, 0, False)
        assert printer.end() == 0
        assert printer.process.stderr is not None
        assert printer.process.stderr.read() == ""


def test_a_printer_without_input_goes_on_and_ends_on_quit() -> None:
    """In the background standard input is empty: that is no reason to end; `quit` and SIGTERM are."""
    with running("printer", "--port", "0") as printer:
        printer.event("ready")
        printer.say("quit")
        assert printer.end() == 0
    with running("printer", "--port", "0") as printer:
        printer.event("ready")
        assert printer.process.stdin is not None
        printer.process.stdin.close()
        time.sleep(0.1)
        assert printer.process.poll() is None
        printer.process.terminate()
        printer.event("stopped")
        assert printer.end() == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["printer", "--speed", "nan"], 2, "finite"),
        (["printer", "--port", "70000"], 2, "65535"),
        (["printer", "--control", "here"], 2, "write it like 127.0.0.1:9200"),
        (["scanner", "--speed", "-1"], 2, "x>=0"),
        (["scanner", "1", "--file", "pyproject.toml"], 2, "give one of them"),
        (["drawer", "explode"], 2, "'close', 'free', 'jam', 'open', 'status'"),
        (["tell", "--control", "127.0.0.1:1", "status"], 3, "start one with"),
    ],
)
def test_bad_input_is_answered_with_the_remedy(arguments: list[str], code: int, words: str) -> None:
    """Who, what, and what to do; and a code that scripts can read."""
    got, text = run(*arguments)
    assert got == code, text
    assert words in text


def test_a_taken_port_is_exit_3() -> None:
    """A script can tell "port in use" from "wrong option"."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, text = run("printer", "--port", str(taken.getsockname()[1]))
    assert code == 3
    assert "choose another port" in text


@posix_only
def test_a_scanner_reads_codes_and_orders_from_standard_input(tmp_path: Path) -> None:
    """Codes go out; orders do what they say; a bad line is refused, told, and makes the exit code 1."""
    link = tmp_path / "tty"
    with running("scanner", "--by-id", str(link), "--framing", "crlf", "--linger", "0.1") as scanner:
        first = scanner.event("plugged")
        with serial.Serial(str(link), timeout=5) as port:
            scanner.say("111")
            scanner.say("!partial 2 2222")
            scanner.say("!joined 3 4")
            scanner.say("!noise ff00")
            assert port.read(15) == b"111\r\n223\r\n4\r\n\xff\0"
            port.write(b"B")
            assert scanner.event("feedback")["hex"] == "42"
            scanner.say("!explode")
            scanner.say("!replug")
            assert scanner.event("plugged")["device"] != first["device"]
        with serial.Serial(str(link), timeout=5) as port:
            scanner.say("# a comment")
            time.sleep(0.1)
            scanner.say("555")
            assert port.read(5) == b"555\r\n"
            scanner.say("!quit")
            done = scanner.event("done")
        assert (done["sent"], done["lost"], done["refused"], done["feedback_bytes"]) == (5, 0, 1, 1)
        assert scanner.end() == 1
        assert scanner.process.stderr is not None
        assert "!explode" in scanner.process.stderr.read()
    assert not link.exists()


@posix_only
def test_a_scanner_that_nobody_opens_is_exit_4(tmp_path: Path) -> None:
    """The wait is bounded and says what is missing."""
    code, text = run("scanner", "--link", str(tmp_path / "tty"), "--wait", "0.1", "123")
    assert code == 4
    assert "is its driver running" in text


def test_settings_come_from_the_environment_too() -> None:
    """The variable that the help names works."""
    environment = {**os.environ, "TILLWIRE_SIM_PRINTER_PORT": "nonsense"}  # noqa: TID251  a test's own child process
    result = subprocess.run(  # noqa: S603  our own command
        [*COMMAND, "printer"], capture_output=True, text=True, env=environment, timeout=20, check=False
    )
    assert result.returncode == 2
    assert "nonsense" in result.stderr


def test_the_reference_page_names_every_command_and_every_word() -> None:
    """What can be typed can be looked up."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "simulators.md").read_text(encoding="utf-8")
    for word in VERBS:
        assert re.search(rf"`{word}[ `]", page), word
    for command in main.commands:
        assert f"tillwire-sim {command}" in page
