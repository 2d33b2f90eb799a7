"""The program behind `./dev test-medusa`: contract tests and the whole round on a real Medusa of our own."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.demo.processes import ProcessFailed
from tests.demo.till_page import TillSilent
from tests.medusa import acts
from tests.medusa.chain import Chain, NeverCame
from tests.medusa.figures import Figures
from tests.medusa.reckoning import count_records
from tests.medusa.server import ROOT, SCRIPT, MedusaServer, script

SEED = "TILLWIRE_MEDUSA_SEED"
SKIPPED = 4
Act = Callable[[Chain, Figures], Awaitable[None]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 if all held, 1 if not, 4 where there is nothing to run it on."""
    asked = _read(arguments)
    signal.signal(signal.SIGTERM, _end)
    found = script()
    if found is None:
        words = f"test-medusa is skipped: {SCRIPT} names no test bed, and ../shared/medusa/testbed.sh is not there"
        _say(words)
        if asked.json:
            sys.stdout.write(json.dumps({"ok": None, "skipped": words}) + "\n")
        return SKIPPED
    server = MedusaServer.at_home(found)
    _say(f"setting up a Medusa in {server.home} (some minutes at first) ...")
    server.set_up()
    figures = Figures()
    try:
        for kind in ("stock", "companion") if asked.kind == "both" else (asked.kind,):
            server.make(companion=kind == "companion")
            _run(server, asked, kind, figures)
    except KeyboardInterrupt:
        figures.problems.append("it was interrupted")
    finally:
        server.stop_all()
    if asked.json:
        sys.stdout.write(json.dumps(figures.as_json()) + "\n")
    else:
        sys.stdout.write(json.dumps(figures.as_json(), indent=2) + "\n")
    return 0 if figures.ok else 1


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.medusa", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the report as one line of JSON on standard output")
    parser.add_argument(
        "--kind", choices=("stock", "companion", "both"), default="both", help="which Medusa; default: %(default)s"
    )
    parser.add_argument("--only", nargs="+", choices=("contract", *_acts(argparse.Namespace())), help="only these")
    parser.add_argument("--times", type=int, default=20, help="sales and orders that are timed; default: %(default)s")
    parser.add_argument("--peak", type=int, default=100, help="sales in a peak; default: %(default)s")
    parser.add_argument("--checkouts", type=int, default=40, help="whole checkouts in the race; default: %(default)s")
    parser.add_argument("--reservations", type=int, default=160, help="reservations beside them; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=100, help="races for a last piece; default: %(default)s")
    parser.add_argument("--kills", type=int, default=3, help="kills of the hub; default: %(default)s")
    return parser.parse_args(arguments)


def _acts(asked: argparse.Namespace) -> dict[str, Act]:
    return {
        "round": acts.whole_round,
        "latency": lambda chain, figures: acts.latencies(chain, figures, asked.times),
        "drain": lambda chain, figures: acts.drain(chain, figures, asked.peak),
        "race": lambda chain, figures: acts.race(chain, figures, asked.checkouts, asked.reservations),
        "last-unit": lambda chain, figures: acts.last_unit(chain, figures, asked.rounds),
        "away": lambda chain, figures: acts.medusa_away(chain, figures, kill=False),
        "killed": lambda chain, figures: acts.medusa_away(chain, figures, kill=True),
        "hub-killed": lambda chain, figures: acts.hub_killed(chain, figures, asked.kills),
    }


def _run(server: MedusaServer, asked: argparse.Namespace, kind: str, figures: Figures) -> None:
    wanted = asked.only or ["contract", *_acts(asked)]
    if "contract" in wanted:
        _contract(server, kind, figures)
    chosen = {name: act for name, act in _acts(asked).items() if name in wanted}
    if chosen:
        folder = Path(tempfile.mkdtemp(prefix="tillwire-medusa-chain-"))
        before = len(figures.problems)
        try:
            asyncio.run(_play(server, folder, chosen, kind, figures))
        except (NeverCame, TillSilent, ProcessFailed, RuntimeError) as error:
            figures.problems.append(f"{kind}: {error}")
        if len(figures.problems) == before:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            _say(f"{kind}: databases and logs are in {folder}")


def _contract(server: MedusaServer, kind: str, figures: Figures) -> None:
    """The contract tests, on this Medusa."""
    _say(f"{kind}: the contract tests ...")
    began_s = time.monotonic()
    server.start()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/contract/medusa", "-m", "medusa", "-q", "--no-header"],
        cwd=ROOT, env={**os.environ, SEED: str(server.seed)}, check=False, capture_output=True, text=True,  # noqa: TID251 - a child needs this one's environment
    )  # fmt: skip
    server.stop()
    figures.seconds[f"{kind}: contract"] = time.monotonic() - began_s
    last = done.stdout.strip().rpartition("\n")[2]
    (figures.steps if done.returncode == 0 else figures.problems).append(f"{kind}: contract tests: {last}")
    if done.returncode:
        _say(done.stdout[-4000:])


async def _play(server: MedusaServer, folder: Path, chosen: dict[str, Act], kind: str, figures: Figures) -> None:
    async with Chain(server, folder) as chain:
        for name, act in chosen.items():
            _say(f"{kind}: {name} ...")
            began_s = time.monotonic()
            try:
                await act(chain, figures)
            except (NeverCame, TillSilent) as error:
                figures.problems.append(f"{kind}: {name}: {error}")
            figures.seconds[f"{kind}: {name}"] = time.monotonic() - began_s
        await count_records(chain, figures)


def _end(_number: int, _frame: object) -> None:
    """Told to stop: what was started is stopped on the way out."""
    raise KeyboardInterrupt


def _say(words: str) -> None:
    sys.stderr.write(f"test-medusa: {words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
