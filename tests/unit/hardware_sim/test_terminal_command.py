"""`tillwire-sim terminal`: a card terminal that somebody at a keyboard decides for."""

from __future__ import annotations

import socket

from tests.unit.hardware_sim.test_command_line import running


def say(port: int, line: str) -> str:
    """One line to the bridge, over a connection of its own, and its answer."""
    with socket.create_connection(("127.0.0.1", port), 5) as bridge:
        bridge.sendall(f"{line}\n".encode("ascii"))
        return bridge.makefile("r", encoding="ascii").readline().strip()


def test_a_terminal_charges_what_it_is_told_to() -> None:
    """Lines decide what is under way; orders set what comes next; a word that is none is refused; the end tells all."""
    with running("terminal", "--port", "0") as terminal:
        port = terminal.event("ready")["port"]
        assert say(port, "START a1 5000 VND") == "a1 IN_PROGRESS"
        assert terminal.event("heard") == {
            "event": "heard", "verb": "START", "attempt": "a1", "state": "IN_PROGRESS",
        }  # fmt: skip
        terminal.say("approve")
        assert terminal.event("decided")["count"] == 1
        assert say(port, "ASK a1").startswith("a1 APPROVED ")
        terminal.say("perhaps")
        terminal.say("!next decline")
        terminal.say("!charges")
        assert terminal.event("charges")["charges"] == [{"attempt": "a1", "amount": 5000}]
        assert say(port, "START a2 7000 VND") == "a2 DECLINED"
        terminal.say("!unplug")
        terminal.event("unplugged")
        terminal.say("!plug")
        assert terminal.event("ready")["port"] == port
        assert say(port, "ASK a2") == "a2 DECLINED"
        terminal.say("!quit")
        assert terminal.event("done")["charges"] == 1
        assert terminal.end() == 1  # "perhaps" was refused


def test_it_can_approve_everything() -> None:
    """For a demonstration nobody has to sit beside it."""
    with running("terminal", "--port", "0", "--each", "approve") as terminal:
        port = terminal.event("ready")["port"]
        for name in ("a1", "a2"):
            assert say(port, f"START {name} 5000 VND").startswith(f"{name} APPROVED ")
        terminal.say("!quit")
        assert terminal.end() == 0
