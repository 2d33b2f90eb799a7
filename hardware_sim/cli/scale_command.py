"""`tillwire-sim scale`: a weighing scale that weighs what it is told."""

from pathlib import Path

import click

from hardware_sim.cli.console import Console, json_option, option, run
from hardware_sim.cli.orders import CABLE_WORDS, cable_orders, obey_lines, port_options
from hardware_sim.scale import Protocol, SimulatedScale

_WORDS = (
    "a number of grams puts that on it; the orders are !moving GRAMS, !settle, !mute [on|off], !garble ANSWERS, "
    f"!lie ANSWERS, {CABLE_WORDS}"
)


@click.command(epilog=f"On standard input {_WORDS}. Empty lines and # comments are skipped.")
@port_options
@option("--protocol", type=click.Choice(["toledo_8217", "cas"]), default="toledo_8217", help="What it speaks.")
@option("--capacity", type=click.IntRange(min=1), default=15_000, help="Grams above which it is overloaded.")
@json_option("One JSON object a line, for scripts.")
def scale(*, link: Path | None, by_id: Path | None, protocol: Protocol, capacity: int, json: bool) -> None:
    """A weighing scale on a serial port that answers a till's questions. Linux only. Ctrl-C ends it."""
    console = Console(as_json=json)
    run(_weigh(SimulatedScale(protocol, link=link, by_id=by_id, capacity_grams=capacity), console), console)


async def _weigh(scale: SimulatedScale, console: Console) -> int:
    def put(grams: str, *, moving: bool = False) -> None:
        scale.put(int(grams), moving=moving)
        console.tell(f"{grams} g{', moving' if moving else ''}", event="weight", grams=scale.grams, moving=moving)

    def mute(words: list[str]) -> None:
        if words not in ([], ["on"], ["off"]):
            raise ValueError("on or off")
        scale.mute = words != ["off"]

    def settle(_words: list[str]) -> None:
        scale.settle()

    def garble(words: list[str]) -> None:
        scale.garble_next = int(words[0])

    def lie(words: list[str]) -> None:
        scale.lie_next = int(words[0])

    async with scale:
        orders = {
            **cable_orders(scale, console),
            "moving": lambda words: put(words[0], moving=True),
            "settle": settle,
            "mute": mute,
            "garble": garble,
            "lie": lie,
        }
        try:
            return await obey_lines(orders, put, _WORDS, console)
        finally:
            console.tell(f"Scale gone: asked {scale.questions} times", event="done", questions=scale.questions)
