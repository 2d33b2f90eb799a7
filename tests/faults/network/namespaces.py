"""Tills in network namespaces of their own, behind a router that loses, refuses and cuts: the kernel's own TCP.

    this machine  <-- uplink -->  street (a router)  <-- one pair each -->  shop 1, shop 2, ...

All rules are in the street, so that nothing on this machine changes but one pair of interfaces; whoever deletes the
namespaces deletes everything. What a run leaves behind that was killed is deleted by the next one.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.faults.network.line import bound

_PREFIX = "tillwire-"
_PLACES = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_NETS = 64
SHOPS_MAX = 60

Trouble = Literal["none", "loss", "black_hole", "reset", "link_down"]
"""What the street does to a shop's packets. `loss` drops a share of them, both ways; `reset` answers with RST."""


def missing() -> str:
    """Why namespaces cannot be used here; "" if they can."""
    if sys.platform != "linux":
        return "needs Linux"
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if _program(program) is None:
            return f"needs {program} (Debian: {package})"
    probe = f"{_PREFIX}{os.getpid()}-probe"
    try:
        _ip("netns", "add", probe)
        _run("ip", "-n", probe, "link", "add", "probe0", "type", "veth", "peer", "name", "probe1")
        _run("ip", "netns", "exec", probe, _nft(), "add", "table", "inet", "probe")
    except subprocess.CalledProcessError as error:
        return f"network namespaces are not permitted here: {error.stderr.decode(errors='replace').strip()[-200:]}"
    finally:
        _forget(probe)
    return ""


@dataclass
class Shop:
    """A namespace behind the street. `gateway` is this machine as the shop sees it."""

    name: str
    gateway: str
    wire: str
    street: str
    trouble: Trouble = "none"

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The command line that runs a program in this shop; it keeps the process's id."""
        program = _program("ip")
        assert program is not None
        return (program, "netns", "exec", self.name, *arguments)

    def suffer(self, trouble: Trouble, *, percent: int = 30) -> None:
        """Begin a trouble, or end it with "none"."""
        if (self.trouble == "link_down") != (trouble == "link_down"):
            up = "down" if trouble == "link_down" else "up"
            _run("ip", "-n", self.street, "link", "set", self.wire, up)
        self.trouble = trouble
        verdicts = {
            "loss": f"numgen random mod 100 < {percent} drop", "black_hole": "drop",
            "reset": "meta l4proto tcp reject with tcp reset",
        }  # fmt: skip
        rules = [f"flush chain inet troubles {self.wire}"]
        if trouble in verdicts:
            rules.append(f"add rule inet troubles {self.wire} {verdicts[trouble]}")
        _nft_rules(self.street, rules)

    def listen(self, port: int) -> socket.socket:
        """A socket that listens inside, on loopback; it may be served from outside."""
        return socket_in(self.name, lambda: bound("127.0.0.1", port))

    def make_socket(self) -> socket.socket:
        """A socket that connects from inside."""
        return socket_in(self.name, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))


@dataclass
class Street:
    """The router. `add` makes a shop."""

    name: str
    net: int
    shops: list[Shop] = field(default_factory=list)

    @property
    def gateway(self) -> str:
        """This machine as everybody behind the street sees it."""
        return f"198.18.{self.net}.1"

    def add(self) -> Shop:
        """A shop with a line of its own."""
        number = len(self.shops) + 1
        assert number <= SHOPS_MAX
        name, wire = f"{self.name}-{number}", f"shop{number}"
        low = 4 * number  # a /30 each: .0 the net, .1 the street, .2 the shop
        _ip("netns", "add", name)
        shop = Shop(name, self.gateway, wire, self.name)
        self.shops.append(shop)
        _run("ip", "-n", self.name, "link", "add", wire, "type", "veth", "peer", "name", "line", "netns", name)
        _run("ip", "-n", self.name, "address", "add", f"198.18.{self.net}.{low + 1}/30", "dev", wire)
        _run("ip", "-n", self.name, "link", "set", wire, "up")
        _run("ip", "-n", name, "address", "add", f"198.18.{self.net}.{low + 2}/30", "dev", "line")
        for device in ("line", "lo"):
            _run("ip", "-n", name, "link", "set", device, "up")
        _run("ip", "-n", name, "route", "add", "default", "via", f"198.18.{self.net}.{low + 1}")
        _nft_rules(self.name, [
            f"add chain inet troubles {wire}",
            f"add rule inet troubles passing iifname {wire} jump {wire}",
            f"add rule inet troubles passing oifname {wire} jump {wire}",
        ])  # fmt: skip
        return shop

    def close(self) -> None:
        """Delete everything."""
        for shop in self.shops:
            _forget(shop.name)
        self.shops.clear()
        _forget(self.name)


@contextlib.contextmanager
def open_street() -> Iterator[Street]:
    """A street without shops; all of it is gone afterwards, whatever happens."""
    forget_the_dead()
    street = Street(f"{_PREFIX}{os.getpid()}", _free_net())
    try:
        _ip("netns", "add", street.name)
        uplink = f"tw{os.getpid()}"
        _run("ip", "link", "add", uplink, "type", "veth", "peer", "name", "uplink", "netns", street.name)
        _run("ip", "address", "add", f"{street.gateway}/30", "dev", uplink)
        _run("ip", "link", "set", uplink, "up")
        _run("ip", "-n", street.name, "address", "add", f"198.18.{street.net}.2/30", "dev", "uplink")
        for device in ("uplink", "lo"):
            _run("ip", "-n", street.name, "link", "set", device, "up")
        _run("ip", "-n", street.name, "route", "add", "default", "via", street.gateway)
        _run("ip", "route", "add", f"198.18.{street.net}.0/24", "via", f"198.18.{street.net}.2")
        _run("ip", "netns", "exec", street.name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        _nft_rules(street.name, [
            "add table inet troubles",
            "add chain inet troubles passing { type filter hook forward priority 0; }",
        ])  # fmt: skip
        yield street
    finally:
        street.close()


def forget_the_dead() -> None:
    """Delete namespaces of runs that no longer live."""
    for path in sorted(_PLACES.glob(f"{_PREFIX}*")) if _PLACES.is_dir() else ():
        owner = path.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            _forget(path.name)


def socket_in(name: str, make: Callable[[], socket.socket]) -> socket.socket:
    """Call `make` in a namespace; a socket stays for ever in the one that it was made in."""
    made: list[socket.socket | OSError] = []

    def enter_and_make() -> None:
        # A namespace is a thread's: this one ends with it.
        try:
            _enter(name)
            made.append(make())
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=enter_and_make)
    thread.start()
    thread.join()
    [found] = made
    if isinstance(found, OSError):
        raise found
    return found


def _enter(name: str) -> None:
    with (_PLACES / name).open("rb") as place:
        if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {name}")


def _free_net() -> int:
    # 198.18.0.0/15 is for measurements between networks (RFC 2544): nobody's real address.
    taken = subprocess.run([_program("ip") or "ip", "-o", "-4", "address"], check=True, capture_output=True, text=True)  # noqa: S603
    for number in range(_NETS):
        net = (os.getpid() + number) % _NETS
        if f" 198.18.{net}." not in taken.stdout:
            return net
    raise OSError(f"all {_NETS} networks of 198.18.0.0/16 are in use here")


def _forget(name: str) -> None:
    with contextlib.suppress(subprocess.CalledProcessError):
        _ip("netns", "delete", name)


def _nft_rules(namespace: str, rules: Sequence[str]) -> None:
    _run("ip", "netns", "exec", namespace, _nft(), "; ".join(rules))


def _nft() -> str:
    return _program("nft") or "nft"


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(program: str, *arguments: str) -> None:
    found = _program(program) or program
    subprocess.run([found, *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)  # noqa: S603 - our own words


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.defpath}:/usr/sbin:/sbin:/usr/local/sbin")
