"""`tillwire-sim display`: a pole display that tells what it shows."""

from pathlib import Path

import click

from hardware_sim.cli.console import Console, json_option, option, run
from hardware_sim.cli.orders import CABLE_WORDS, cable_orders, obey_lines, port_options
from hardware_sim.display import Lines, SimulatedDisplay

_WORDS = f"the orders are !dark (it lost its power for a moment), {CABLE_WORDS}"


@click.command(epilog=f"On standard input {_WORDS}.")
@port_options
@option("--encoding", default="ascii", help="Its code page, by Python's name.")
@json_option("One JSON object a line, for scripts.")
def display(*, link: Path | None, by_id: Path | None, encoding: str, json: bool) -> None:
    """A CD5220 pole display of two lines on a serial port. Tells each picture. Linux only. Ctrl-C ends it."""
    console = Console(as_json=json)
    try:
        "".encode(encoding)
    except LookupError as exc:
        raise click.BadParameter(f"{exc}; try ascii or cp437.", param_hint="--encoding") from exc
    run(_show(SimulatedDisplay(link=link, by_id=by_id, encoding=encoding), console), console)


async def _show(display: SimulatedDisplay, console: Console) -> int:
    def tell(lines: Lines) -> None:
        console.tell(f"+{'-' * 20}+\n|{lines[0]}|\n|{lines[1]}|\n+{'-' * 20}+", event="shown", lines=list(lines))

    def dark(_words: list[str]) -> None:
        display.take(b"\x0c")

    display.on_shown = tell
    async with display:
        try:
            return await obey_lines({**cable_orders(display, console), "dark": dark}, None, _WORDS, console)
        finally:
            console.tell(
                f"Display gone: {len(display.shown)} pictures, {len(display.unknown)} unknown bytes",
                event="done", pictures=len(display.shown), unknown_hex=bytes(display.unknown).hex(),
            )  # fmt: skip
