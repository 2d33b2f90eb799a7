"""`tillwire-sim keyboard` and `tillwire-sim wedge`: scanners that type, as the kernel and as a browser see them."""

import asyncio
import dataclasses
from pathlib import Path
from random import Random

import click

from hardware_sim.cli.console import Console, Finite, json_option, option, run
from hardware_sim.cli.orders import obey_lines
from hardware_sim.errors import BadCommand
from hardware_sim.keyboard import SUFFIXES, SimulatedKeyboard
from hardware_sim.wedge import Layout, WedgeScanner

_WORDS = "a line is a code; the orders are !unplug, !plug, !drop (events were lost), !caps-lock, !sleep SECONDS, !quit"
_ENDS = {"enter": ("Enter",), "tab": ("Tab",), "both": ("Enter", "Tab"), "none": ()}


@click.command(epilog=f"On standard input {_WORDS}.")
@option("--path", type=click.Path(path_type=Path), default=Path("scanner-keys"), help="Where the named pipe is to be.")
@option("--suffix", type=click.Choice(sorted(SUFFIXES)), default="enter", help="Keys that end a code.")
@option("--alt-mode/--no-alt-mode", default=False, help="Type each character as Alt and its number.")
@option("--gap", type=Finite(min=0), default=0.005, help="Greatest time between two events, in seconds.")
@json_option("One JSON object a line, for scripts.")
def keyboard(*, path: Path, suffix: str, alt_mode: bool, gap: float, json: bool) -> None:
    """A scanner that types, as /dev/input/eventN gives it: the kernel's event bytes on a named pipe. Ctrl-C ends it."""
    console = Console(as_json=json)
    run(_type(SimulatedKeyboard(path, gap_s=(0.0, gap)), console, suffix=suffix, alt_mode=alt_mode), console)


async def _type(keyboard: SimulatedKeyboard, console: Console, *, suffix: str, alt_mode: bool) -> int:
    async def scan(code: str) -> None:
        try:
            await keyboard.scan(code, suffix=suffix, alt_mode=alt_mode)
        except KeyError as exc:
            raise BadCommand(f"{code!r}: {exc} is on no US keyboard.") from exc
        console.tell(f"Typed {code}", event="scan", code=code)

    async def sleep(words: list[str]) -> None:
        await asyncio.sleep(float(words[0]))

    async with keyboard:
        console.tell(f"Keyboard at {keyboard.path}", event="plugged", path=str(keyboard.path))
        orders = {
            "plug": lambda _words: keyboard.plug(),
            "unplug": lambda _words: keyboard.unplug(),
            "drop": lambda _words: keyboard.drop(),
            "caps-lock": lambda _words: keyboard.caps_lock(),
            "sleep": sleep,
        }
        try:
            return await obey_lines(orders, scan, _WORDS, console)
        finally:
            console.tell(f"Keyboard gone: {len(keyboard.sent)} codes", event="done", sent=len(keyboard.sent))


@click.command()
@click.argument("codes", nargs=-1, required=True)
@option(
    "--layout",
    type=click.Choice(["us", "azerty", "vietnamese", "input_method"]),
    default="us",
    help="What the PC takes the scanner's keyboard for.",
)
@option("--caps-lock/--no-caps-lock", default=False, help="The PC's Caps Lock is on.")
@option("--gap-min", type=Finite(min=0), default=2.0, help="Least milliseconds from key to key.")
@option("--gap-max", type=Finite(min=0), default=55.0, help="Most milliseconds from key to key.")
@option("--suffix", type=click.Choice(sorted(_ENDS)), default="enter", help="Keys that end a code.")
@option("--seed", type=int, default=1, help="What the gaps are drawn from.")
@json_option("One JSON object an event, for scripts.")
def wedge(  # noqa: PLR0913  one parameter an option
    *,
    codes: tuple[str, ...],
    layout: Layout,
    caps_lock: bool,
    gap_min: float,
    gap_max: float,
    suffix: str,
    seed: int,
    json: bool,
) -> None:
    """Print the key events by which a browser sees CODES typed by a scanner: place, key, time."""
    if gap_min > gap_max:
        raise click.UsageError("--gap-min is greater than --gap-max; swap them.")
    console = Console(as_json=json)
    scanner = WedgeScanner(layout=layout, caps_lock=caps_lock, gap_ms=(gap_min, gap_max), suffix=_ENDS[suffix])
    rng = Random(seed)  # noqa: S311  gaps are no secret
    for code in codes:
        try:
            events = scanner.scan(code, rng)
        except KeyError as exc:
            raise click.BadParameter(f"{code!r}: {exc} is on no US keyboard.", param_hint="CODES") from exc
        for event in events:
            words = f"{event.time_ms:9.3f} ms  {event.kind:4}  {event.code:12}  {event.key}"
            console.tell(words, event="key", **dataclasses.asdict(event))
