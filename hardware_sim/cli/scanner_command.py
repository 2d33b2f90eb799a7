"""`tillwire-sim scanner`: codes from arguments, a file or standard input go out of a simulated serial port."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import click

from hardware_sim.cli.console import EXIT_NO_HOST, EXIT_REFUSED, Console, Finite, json_option, option, run, stdin_lines
from hardware_sim.errors import BadCommand, HostNotReading, NotPlugged, WaitedTooLong
from hardware_sim.framing import NAMED
from hardware_sim.scanner import Feedback, ScanSent, SimulatedScanner

_VERBS = (
    "!unplug, !plug, !replug [LINK], !noise [HEX], !partial BYTES CODE, !torn BYTES CODE, !spoilt BYTE CODE, "
    "!joined CODE CODE ..., !deaf ANSWERS, !sleep SECONDS, !speed SECONDS_PER_BYTE, !quit"
)


@click.command(epilog=f"Lines that begin with ! are orders: {_VERBS}. Empty lines and # comments are skipped.")
@click.argument("codes", nargs=-1)
@option(
    "--link",
    type=click.Path(path_type=Path),
    default=None,
    show_default="none",
    help="Symbolic link to the port, with a name that a replug may change.",
)
@option(
    "--by-id",
    type=click.Path(path_type=Path),
    default=None,
    show_default="none",
    help="Symbolic link that keeps its name, like those in /dev/serial/by-id.",
)
@option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    show_default="standard input, if there are no CODES",
    help="File with a code or an order a line.",
)
@option("--framing", type=click.Choice(sorted(NAMED)), default="cr", help="What stands around each code.")
@option("--speed", type=Finite(min=0), default=0.0, help="Seconds per byte; 0 sends a scan at once.")
@option("--interval", type=Finite(min=0), default=0.0, help="Seconds between codes.")
@option("--aim/--no-aim", default=False, help="Send the AIM identifier before each code.")
@option(
    "--ack",
    type=Finite(min=0, min_open=True),
    default=None,
    show_default="waits for nothing",
    help="Wait so many seconds for ACK after each code, and send it again after NAK or silence.",
)
@option(
    "--wait",
    type=Finite(min=0),
    default=30.0,
    help="Seconds to wait for a host to open the port before the first code; 0 does not wait.",
)
@option(
    "--linger",
    type=Finite(min=0),
    default=0.5,
    help="Seconds to stay plugged after the last code, for feedback.",
)
@json_option("One JSON object a line, for scripts.")
def scanner(  # noqa: PLR0913  one parameter an option
    *,
    codes: tuple[str, ...],
    link: Path | None,
    by_id: Path | None,
    file: Path | None,
    framing: str,
    speed: float,
    interval: float,
    aim: bool,
    ack: float | None,
    wait: float,
    linger: float,
    json: bool,
) -> None:
    """A serial barcode scanner that reads CODES (or lines of a file, or of standard input). Linux only."""
    if codes and file is not None:
        raise click.UsageError("Both CODES and --file are given; give one of them.")
    console = Console(as_json=json)
    simulated = SimulatedScanner(link=link, by_id=by_id, framing=NAMED[framing], byte_s=speed, aim_id=aim, ack_s=ack)
    run(_work(simulated, _lines(codes, file), _Pace(interval, wait, linger), console), console)


_SENDING: dict[str, Callable[[SimulatedScanner, list[str]], Awaitable[ScanSent]]] = {
    "noise": lambda scanner, words: scanner.noise(*([bytes.fromhex("".join(words))] if words else [])),
    "partial": lambda scanner, words: scanner.scan_partial(" ".join(words[1:]), int(words[0])),
    "torn": lambda scanner, words: scanner.scan_torn(" ".join(words[1:]), int(words[0])),
    "spoilt": lambda scanner, words: scanner.scan_spoilt(" ".join(words[1:]), int(words[0])),
    "joined": lambda scanner, words: scanner.scan_joined(*words),
}


async def _lines(codes: tuple[str, ...], source: Path | None) -> AsyncIterator[str]:
    if source is not None:
        with source.open(encoding="utf-8") as file:
            for line in file:
                yield line.strip()
    elif codes:
        for code in codes:
            yield code
    else:
        async for line in stdin_lines():
            yield line


@dataclass(frozen=True, slots=True)
class _Pace:
    interval_s: float
    wait_s: float
    linger_s: float


async def _work(scanner: SimulatedScanner, lines: AsyncIterator[str], pace: _Pace, console: Console) -> int:
    counts: Counter[str] = Counter()
    scanner.on_feedback = lambda feedback: _tell_feedback(feedback, console)
    async with scanner:
        _tell_plugged(scanner, console)
        try:
            if pace.wait_s:
                await scanner.wait_attached(timeout_s=pace.wait_s)
            async for line in lines:
                if line == "!quit":
                    break
                if not line or line.startswith("#"):
                    continue
                counts += Counter((await _do(scanner, line, console),))
                await asyncio.sleep(pace.interval_s)
            await asyncio.sleep(pace.linger_s)
        except WaitedTooLong as exc:
            console.complain(str(exc))
            return EXIT_NO_HOST
        finally:
            console.tell(
                f"Scanner gone: {counts['sent']} sent, {counts['lost']} lost, {counts['refused']} refused",
                event="done", sent=counts["sent"], lost=counts["lost"], refused=counts["refused"],
                feedback_bytes=sum(len(feedback.data) for feedback in scanner.feedback),
            )  # fmt: skip
    return EXIT_REFUSED if counts["lost"] or counts["refused"] else 0


async def _do(scanner: SimulatedScanner, line: str, console: Console) -> str:
    """One line; tells whether something was "sent", "lost", "refused", or an order was "obeyed"."""
    try:
        sent = await _order(scanner, line[1:].split(), console) if line.startswith("!") else await scanner.scan(line)
    except (BadCommand, NotPlugged, HostNotReading) as exc:
        console.complain(str(exc))
        return "refused"
    except (ValueError, IndexError) as exc:
        console.complain(f"{line!r} is not understood ({exc}); the orders are {_VERBS}.")
        return "refused"
    if sent is None:
        return "obeyed"
    fate = "sent" if sent.delivered else "lost, no host has the port open"
    console.tell(
        f"{sent.kind} {sent.code}: {fate}",
        event="scan", kind=sent.kind, code=sent.code, hex=sent.data.hex(), delivered=sent.delivered,
        sent_at=sent.sent_at,
    )  # fmt: skip
    return "sent" if sent.delivered else "lost"


async def _order(scanner: SimulatedScanner, words: list[str], console: Console) -> ScanSent | None:
    verb, *rest = words or [""]
    sending = _SENDING.get(verb)
    if sending is not None:
        return await sending(scanner, rest)
    if verb == "unplug":
        scanner.unplug()
        console.tell("Scanner unplugged", event="unplugged")
    elif verb == "plug":
        scanner.plug()
        _tell_plugged(scanner, console)
    elif verb == "replug":
        scanner.replug(link=Path(rest[0]) if rest else None)
        _tell_plugged(scanner, console)
    elif verb == "deaf":
        scanner.deaf = int(rest[0])
    elif verb == "sleep":
        await asyncio.sleep(float(rest[0]))
    elif verb == "speed":
        scanner.byte_s = float(rest[0])
    else:
        raise BadCommand(f"A simulated scanner does not know !{verb}; it knows {_VERBS}.")
    return None


def _tell_plugged(scanner: SimulatedScanner, console: Console) -> None:
    console.tell(
        f"Scanner at {scanner.path} (really {scanner.device})",
        event="plugged",
        path=scanner.path,
        device=scanner.device,
    )


def _tell_feedback(feedback: Feedback, console: Console) -> None:
    console.tell(f"Feedback from the host: {feedback.data!r}", event="feedback", hex=feedback.data.hex())
