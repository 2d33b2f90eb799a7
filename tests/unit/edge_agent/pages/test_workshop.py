"""Setting up: only who may sees it, only ports of this PC are opened, and what is found becomes lines that load."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.pages.setting_up import ListenView, SetupView, set_up
from edge_agent.pages.workshop import hosts_of, lines_for, lines_for_heard, may_set_up, readable
from edge_agent.till.view import PersonView
from tests.unit.edge_agent.pages.fake_counter import FakeCounter


@dataclass(frozen=True)
class Found:
    """A device as the devices' room tells of it."""

    kind: str
    path: str
    stable: str
    name: str = ""


@dataclass(frozen=True)
class Suggestion:
    """What bytes look like."""

    code: str
    settings: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """What a port said."""

    chunks: tuple[()] = ()
    suggestions: tuple[Suggestion, ...] = (Suggestion("scanner", {"suffix": "cr"}),)


class FakeWorkshop:
    """One serial port; notes what was opened."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, int, bool]] = []

    async def find(self, hosts: Sequence[str]) -> tuple[Found, ...]:
        """The port, and the hosts as printers."""
        port = Found("serial", "/dev/ttyUSB0", "/dev/serial/by-id/scanner")
        return (port, *(Found("tcp_printer", host, f"{host}:9100") for host in hosts))

    async def listen(self, path: str, *, baud: int, seven_bits: bool, seconds: float) -> Heard:  # noqa: ARG002
        """A scanner answers."""
        self.opened.append((path, baud, seven_bits))
        return Heard()


def ask(name: str, fields: dict[str, str], role: str = "manager") -> tuple[SetupView | ListenView, FakeWorkshop]:
    """Open a panel as somebody of that role."""
    workshop = FakeWorkshop()
    view = replace(FakeCounter().view(), has_staff=True, person=PersonView("1", "A", role))
    return asyncio.run(set_up(name, view, fields, workshop)), workshop


def test_only_who_may_sets_up() -> None:
    """Cashiers and supervisors see a word, and nothing is looked for or opened for them."""
    view = FakeCounter().view()
    assert may_set_up(view)
    for role in ("cashier", "supervisor"):
        answer, workshop = ask("setup_listen", {"path": "/dev/ttyUSB0", "go": "yes"}, role)
        assert not answer.allowed
        assert workshop.opened == []
        found, _ = ask("setup", {"find": "yes"}, role)
        assert isinstance(found, SetupView)
        assert found.found is None
    assert not may_set_up(replace(view, has_staff=True, person=None))


def test_only_ports_of_this_pc_are_opened() -> None:
    """An address that names another file opens nothing; a speed that is none of ours is the usual one."""
    answer, workshop = ask("setup_listen", {"path": "/etc/passwd", "go": "yes"})
    assert isinstance(answer, ListenView)
    assert isinstance(answer.heard, str)
    assert workshop.opened == []
    answer, workshop = ask("setup_listen", {"path": "/dev/ttyUSB0", "baud": "12345", "go": "yes"})
    assert workshop.opened == [("/dev/ttyUSB0", 9600, False)]
    assert isinstance(answer, ListenView)
    assert answer.lines(Suggestion("scanner", {"suffix": "cr"})).startswith("[scanner]\nport")


@pytest.mark.parametrize(
    ("found", "table", "settings"),
    [
        (Found("serial", "COM3", "COM3"), "scanner", {"kind": "serial", "port": "COM3"}),
        (Found("serial", "COM3", "05f9:4204:S1"), "scanner", {"kind": "serial", "usb": "05f9:4204:S1"}),
        (Found("keyboard", "/dev/input/event3", "/dev/by-id/x"), "scanner", {"kind": "evdev", "port": "/dev/by-id/x"}),
        (Found("usb_printer", "04b8:0e28", "04b8:0e28"), "printer", {"connection": "usb", "usb": "04b8:0e28"}),
        (Found("windows_printer", "TM", 'A "TM"'), "printer", {"connection": "windows", "queue": 'A "TM"'}),
        (Found("tcp_printer", "p", "p1:9100"), "printer", {"connection": "tcp", "host": "p1", "port": 9100}),
    ],
)  # fmt: skip
def test_lines_for_the_configuration_are_toml(found: Found, table: str, settings: dict[str, object]) -> None:
    """What is shown can be put into the file as it stands."""
    assert tomllib.loads(lines_for(found)) == {table: settings}


def test_a_scale_becomes_a_scale() -> None:
    """What spoke like a scale is put under [scale]; the usual speed need not be said."""
    assert tomllib.loads(lines_for_heard("COM4", 9600, Suggestion("toledo_8217", {"protocol": "toledo_8217"}))) == {
        "scale": {"port": "COM4", "protocol": "toledo_8217"}
    }


@given(st.binary(max_size=80))
def test_all_bytes_are_shown(data: bytes) -> None:
    """Each byte stands there, plain or by its name, in order."""
    parts = readable(data)
    assert sum(len(text) if not special else 1 for text, special in parts) == len(data)
    assert "".join(text for text, special in parts if not special) == "".join(
        chr(byte) for byte in data if 0x20 <= byte < 0x7F
    )


def test_at_most_sixteen_hosts_are_asked() -> None:
    """However they are separated."""
    assert hosts_of("a, b;c  d") == ("a", "b", "c", "d")
    assert len(hosts_of(" ".join(map(str, range(40))))) == 16
