"""Scale, pole display and scanners that type, as commands: told what happens, obeying lines, gone without a trace."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial

from hardware_sim.keyboard import EVENT

COMMAND = [sys.executable, "-c", "from hardware_sim.cli import main; main()"]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals and named pipes")


class Device:
    """A simulator in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603  our own command
            [*COMMAND, *arguments, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def event(self, name: str) -> dict[str, Any]:
        """The next event of that name."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == name:
                return event
        pytest.fail(f"no event {name}")

    def say(self, line: str) -> None:
        """A line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@contextmanager
def device(*arguments: str, ends_with: int = 0) -> Iterator[Device]:
    """A running simulator, ended by its own word, with that exit code."""
    running = Device(*arguments)
    try:
        yield running
        running.say("!quit")
        assert running.process.wait(20) == ends_with
    finally:
        running.process.kill()
        running.process.communicate()


@posix_only
@pytest.mark.parametrize(
    ("protocol", "question", "answer"),
    [("toledo_8217", b"W", b"\x0201.250\r"), ("cas", b"\x11", b"\x01\x02S 01.250kg\x67\x03\x04")],
)
def test_a_scale_answers_and_is_replugged(tmp_path: Path, protocol: str, question: bytes, answer: bytes) -> None:
    """Byte for byte as the manuals have it; under its lasting name after a replug."""
    link = tmp_path / "scale"
    with device("scale", "--protocol", protocol, "--by-id", str(link)) as scale:
        scale.event("plugged")
        scale.say("1250")
        scale.event("weight")
        scale.say("!replug")
        scale.event("plugged")
        with serial.Serial(str(link), timeout=10) as port:
            port.write(question)
            assert port.read(len(answer)) == answer
    assert not link.exists()


@posix_only
def test_a_display_tells_what_it_shows(tmp_path: Path) -> None:
    """Each picture, and nothing for a byte that it does not know."""
    link = tmp_path / "pole"
    with device("display", "--link", str(link)) as display:
        display.event("plugged")
        with serial.Serial(str(link)) as port:
            port.write(b"\x1b@\x1bQAMilk                \r\x07")
            assert display.event("shown")["lines"] == ["Milk" + " " * 16, " " * 20]
            port.write(b"\x1bQBnew                 \r")
            assert display.event("shown")["lines"] == ["Milk" + " " * 16, "new" + " " * 17]


@posix_only
def test_a_keyboard_gives_the_kernel_s_events(tmp_path: Path) -> None:
    """Whole events of 24 bytes, keys down and up."""
    pipe = tmp_path / "keys"
    with device("keyboard", "--path", str(pipe), "--gap", "0") as keyboard:
        keyboard.event("plugged")
        with pipe.open("rb", buffering=0) as reader:
            keyboard.say("12")
            keyboard.event("scan")
            data = reader.read(EVENT.size * 100)
    keys = [(code, value) for _s, _u, kind, code, value in EVENT.iter_unpack(data) if kind == 1]
    assert keys == [(2, 1), (2, 0), (3, 1), (3, 0), (28, 1), (28, 0)]
    assert not pipe.exists()


def test_a_wedge_prints_what_a_browser_sees() -> None:
    """The place of the key is right, what the layout makes of it is not."""
    arguments = ["wedge", "89", "--layout", "vietnamese", "--json"]
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603  ours
    events = [json.loads(line) for line in done.stdout.splitlines()]
    downs = [(event["code"], event["key"]) for event in events if event["kind"] == "down"]
    assert downs == [("Digit8", "\u0301"), ("Digit9", "\u0323"), ("Enter", "Enter")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wedge", "sữa"], "US keyboard"),
        (["wedge", "1", "--gap-min", "9", "--gap-max", "1"], "swap"),
        (["display", "--encoding", "klingon"], "klingon"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(arguments: list[str], words: str) -> None:
    """Wrong usage is exit code 2 and a sentence."""
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  ours
    assert done.returncode == 2
    assert words in done.stderr


@posix_only
def test_an_order_that_is_none_is_refused_and_the_device_goes_on(tmp_path: Path) -> None:
    """It says what can be said."""
    with device("scale", "--link", str(tmp_path / "scale"), ends_with=1) as scale:
        scale.event("plugged")
        scale.say("!fly")
        scale.say("heavy")
        scale.say("!mute perhaps")
        scale.say("500")
        assert scale.event("weight")["grams"] == 500
