"""`tillwire-sim printer`, and `drawer` and `tell`, which speak to a running one."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final, Literal

import click

from hardware_sim import control
from hardware_sim.cli.console import (
    EXIT_NO_DEVICE,
    EXIT_REFUSED,
    Console,
    Finite,
    json_option,
    option,
    run,
    stdin_lines,
)
from hardware_sim.drawer import Drawer
from hardware_sim.errors import BadCommand, PortTaken
from hardware_sim.printer import WIDTH_58_MM, WIDTH_80_MM, Receipt, SimulatedPrinter

_WIDTHS: Final = {"58": WIDTH_58_MM, "80": WIDTH_80_MM}
_DRAWER_WORDS: Final = {
    "status": "status", "open": "drawer-open", "close": "drawer-close", "jam": "drawer-jam", "free": "drawer-free",
}  # fmt: skip


class Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT."""

    name = "HOST:PORT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """The pair, or click's usage error."""
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not port.isdigit() or int(port) > 65535:  # noqa: PLR2004  the highest TCP port
            self.fail(f"{value!r} is no address; write it like 127.0.0.1:9200.", param, ctx)
        return host or "127.0.0.1", int(port)


@click.command()
@option("--host", default="127.0.0.1", help="Address to listen on.")
@option("--port", type=click.IntRange(0, 65535), default=9100, help="Port to listen on; 0 takes any free one.")
@option(
    "--pty",
    type=click.Path(path_type=Path),
    default=None,
    show_default="none, TCP is used",
    help="Be a serial port instead of TCP; this symbolic link leads to it (Linux).",
)
@option(
    "--width", type=click.Choice(sorted(_WIDTHS)), default="80", help="Paper in millimetres: 58 is 384 dots, 80 is 576."
)
@option(
    "--speed",
    type=Finite(min=0, min_open=True),
    default=None,
    show_default="as fast as it can",
    help="Dot rows a second; real printers do 1200 to 2400.",
)
@option("--buffer", type=click.IntRange(64, 1 << 24), default=65536, help="Receive buffer in bytes.")
@option("--second-client", type=click.Choice(["wait", "refuse"]), default="wait", help="What a second client gets.")
@option("--drawer-pin", type=click.Choice(["2", "5", "none"]), default="2", help="Pin that the drawer hangs on.")
@option("--drawer-open-is", type=click.Choice(["high", "low"]), default="high", help="Sensor wire while it is open.")
@option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    show_default="none",
    help="Folder for a PNG of each receipt.",
)
@option(
    "--control",
    type=Address(),
    default=None,
    show_default="none",
    help="HOST:PORT that takes control lines; see `tell`. Port 0 takes any free one.",
)
@json_option("One JSON object a line, for scripts.")
def printer(  # noqa: PLR0913  one parameter an option
    *,
    host: str,
    port: int,
    pty: Path | None,
    width: str,
    speed: float | None,
    buffer: int,
    second_client: Literal["wait", "refuse"],
    drawer_pin: str,
    drawer_open_is: str,
    out: Path | None,
    control: tuple[str, int] | None,
    json: bool,
) -> None:
    """An ESC/POS receipt printer. Prints what it is sent, obeys lines on standard input (say help).

    Ctrl-C ends it. Its receipts are told as they are cut.
    """
    console = Console(as_json=json)
    if out is not None:
        _make_folder(out)
    hung = (
        None
        if drawer_pin == "none"
        else Drawer(pin=2 if drawer_pin == "2" else 5, open_is_high=drawer_open_is == "high")
    )
    simulated = SimulatedPrinter(
        host=host,
        port=port,
        transport="tcp" if pty is None else "pty",
        link=pty,
        width_dots=_WIDTHS[width],
        rows_per_second=speed,
        buffer_bytes=buffer,
        drawer=hung,
        second_client=second_client,
    )
    run(_print(simulated, out, control, console), console)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise click.BadParameter(
            f"The folder {out} cannot be made ({exc.strerror}); choose another.", param_hint="--out"
        ) from exc


async def _print(printer: SimulatedPrinter, out: Path | None, address: tuple[str, int] | None, console: Console) -> int:
    printer.on_receipt = lambda receipt: _tell_receipt(receipt, out, console)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(printer)
        control_port = None
        if address is not None:
            try:
                server = await stack.enter_async_context(await control.serve(printer, *address))
            except OSError as exc:
                raise PortTaken(
                    f"The control port {address[0]}:{address[1]} cannot be had ({exc.strerror}); "
                    "choose another with --control, or port 0 for any free one."
                ) from exc
            control_port = server.sockets[0].getsockname()[1]
        where = printer.device or f"{printer.host}:{printer.port}"
        console.tell(
            f"Printer ready at {where}" + ("" if control_port is None else f", control port {control_port}"),
            event="ready", host=printer.host, port=None if printer.device else printer.port, device=printer.device,
            control_port=control_port,
        )  # fmt: skip
        try:
            async for line in stdin_lines():
                if line in ("quit", "exit"):
                    return 0
                await _obey(printer, line, console)
            await asyncio.Event().wait()
        finally:
            count, unknown = printer.receipt_count, printer.machine.interpreter.unknown_count
            console.tell(
                f"Printer off: {count} receipts, {unknown} unknown commands", event="stopped", **control.status(printer)
            )
    return 0


async def _obey(printer: SimulatedPrinter, line: str, console: Console) -> None:
    if not line or line.startswith("#"):
        return
    try:
        answer = await control.obey(printer, line)
    except BadCommand as exc:
        console.complain(str(exc))
        return
    console.tell(_words(answer), event="answer", **answer)


def _words(answer: control.JsonObject) -> str:
    rest = {key: value for key, value in answer.items() if key not in ("ok", "verb")}
    if "verbs" in rest:
        return "\n".join(f"  {word:28} {meaning}" for word, meaning in rest["verbs"].items())
    return "\n".join([f"{answer.get('verb', 'answer')}: done", *(f"  {key}: {value}" for key, value in rest.items())])


def _tell_receipt(receipt: Receipt, out: Path | None, console: Console) -> None:
    png = None if out is None else out / f"receipt-{receipt.number:05}.png"
    if png is not None:
        try:
            receipt.save_png(png)
        except OSError as exc:
            console.complain(f"The picture {png} cannot be written ({exc.strerror}); is the disk full, is --out yours?")
            png = None
    end = f"cut {receipt.cut}" if receipt.cut else f"torn by {receipt.torn_by}"
    shown = "\n".join(f"  | {line}" for line in receipt.lines)
    console.tell(
        f"Receipt {receipt.number}: {receipt.row_count} rows, {receipt.raster_rows} of them image, {end}"
        + (f", {png}" if png else "") + (f"\n{shown}" if shown else ""),
        event="receipt", png=None if png is None else str(png), **control.receipt_summary(receipt),
    )  # fmt: skip


@click.command()
@click.argument("words", nargs=-1, required=True)
@option("--control", type=Address(), default="127.0.0.1:9200", help="Control port of the running printer.")
@json_option("The answer as one JSON object.")
def tell(*, words: tuple[str, ...], control: tuple[str, int], json: bool) -> None:
    """Say WORDS to a running printer: paper-out 200, cover-open, drop 1000, restore, status, help ..."""
    console = Console(as_json=json)
    run(_ask(" ".join(words), control, console), console)


@click.command()
@click.argument("action", type=click.Choice(sorted(_DRAWER_WORDS)))
@option("--control", type=Address(), default="127.0.0.1:9200", help="Control port of the printer that it hangs on.")
@json_option("The answer as one JSON object.")
def drawer(*, action: str, control: tuple[str, int], json: bool) -> None:
    """The cash drawer on a running printer: open and close it by hand, jam it, free it, ask its state."""
    console = Console(as_json=json)
    run(_ask(_DRAWER_WORDS[action], control, console, only_drawer=True), console)


async def _ask(line: str, address: tuple[str, int], console: Console, *, only_drawer: bool = False) -> int:
    try:
        answer = await control.ask(*address, line)
    except (OSError, ValueError, TimeoutError) as exc:
        console.complain(
            f"No simulated printer answers at {address[0]}:{address[1]} ({exc}); "
            "start one with `tillwire-sim printer --control HOST:PORT` and give the same address here."
        )
        return EXIT_NO_DEVICE
    if not answer.get("ok"):
        console.complain(str(answer.get("error")))
        return EXIT_REFUSED
    if only_drawer:
        answer = {"ok": True, "drawer": answer.get("drawer")}
        if answer["drawer"] is None:
            console.complain("This printer was started without a drawer; start it with --drawer-pin 2 or 5.")
            return EXIT_REFUSED
    console.tell(_words(answer), **answer)
    return 0
