"""What the small serial devices of the command line share: their options, and lines of standard input as orders."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import click

from hardware_sim.cli.console import EXIT_REFUSED, Console, option, stdin_lines
from hardware_sim.errors import BadCommand, HostNotReading, NotPlugged

Command = TypeVar("Command", bound=Callable[..., Any])
Orders = Mapping[str, Callable[[list[str]], Awaitable[None] | None]]
CABLE_WORDS: Final = "!unplug, !plug, !replug [LINK], !sleep SECONDS, !quit"


class Pluggable(Protocol):
    """A device with a cable."""

    @property
    def path(self) -> str:
        """What a host should open."""

    @property
    def device(self) -> str | None:
        """Its real name of the moment."""

    def plug(self) -> None:
        """Plug it in."""

    def unplug(self) -> None:
        """Pull the cable."""

    def replug(self, *, link: Path | None = None) -> None:
        """Pull and plug."""


def port_options(command: Command) -> Command:
    """The options `--link` and `--by-id`."""
    link = option(
        "--link",
        type=click.Path(path_type=Path),
        default=None,
        show_default="none",
        help="Symbolic link to the port, with a name that a replug may change.",
    )
    by_id = option(
        "--by-id",
        type=click.Path(path_type=Path),
        default=None,
        show_default="none",
        help="Symbolic link that keeps its name, like those in /dev/serial/by-id.",
    )
    return link(by_id(command))


def cable_orders(device: Pluggable, console: Console) -> Orders:
    """Plug and unplug, by words."""

    def tell() -> None:
        console.tell(
            f"At {device.path} (really {device.device})", event="plugged", path=device.path, device=device.device
        )

    def plug(_words: list[str]) -> None:
        device.plug()
        tell()

    def unplug(_words: list[str]) -> None:
        device.unplug()
        console.tell("Unplugged", event="unplugged")

    def replug(words: list[str]) -> None:
        device.replug(link=Path(words[0]) if words else None)
        tell()

    async def sleep(words: list[str]) -> None:
        await asyncio.sleep(float(words[0]))

    tell()
    return {"plug": plug, "unplug": unplug, "replug": replug, "sleep": sleep}


async def obey_lines(
    orders: Orders, plain: Callable[[str], Awaitable[None] | None] | None, words: str, console: Console
) -> int:
    """Carry out lines of standard input: `!WORD ...` by `orders`, others by `plain`. Returns the exit code at `!quit`.

    After the last line the device stays as it is, until it is ended by a signal. A line that cannot be carried out is
    told with `words`, which names what can.
    """
    code = 0
    async for line in stdin_lines():
        if line == "!quit":
            return code
        if not line or line.startswith("#"):
            continue
        try:
            done = _act(orders, plain, line, words)
            if isinstance(done, Awaitable):
                await done
        except (ValueError, IndexError, KeyError) as exc:
            console.complain(f"{line!r} is not understood ({exc}); {words}.")
            code = EXIT_REFUSED
        except (BadCommand, NotPlugged, HostNotReading) as exc:
            console.complain(str(exc))
            code = EXIT_REFUSED
    await asyncio.Event().wait()
    return code


def _act(
    orders: Orders, plain: Callable[[str], Awaitable[None] | None] | None, line: str, words: str
) -> Awaitable[None] | None:
    if not line.startswith("!"):
        if plain is None:
            raise BadCommand(f"{line!r} is no order; {words}.")
        return plain(line)
    verb, *rest = line[1:].split() or [""]
    if verb not in orders:
        raise BadCommand(f"!{verb} is not known; {words}.")
    return orders[verb](rest)
