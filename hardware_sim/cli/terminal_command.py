"""`tillwire-sim terminal`: a card terminal behind a bridge that charges what it is told to."""

import click

from hardware_sim.cli.console import Console, json_option, option, run
from hardware_sim.cli.orders import Orders, obey_lines
from hardware_sim.terminal import Decision, SimulatedTerminal

_DECISIONS: dict[str, Decision] = {"approve": "approve", "decline": "decline", "cancel": "cancel"}
_WORDS = (
    "approve, decline or cancel decides what is under way; the orders are !next approve|decline|cancel|wait, "
    "!drop ANSWERS, !slow SECONDS, !forget, !unplug, !plug, !charges, !quit"
)


@click.command(epilog=f"On standard input {_WORDS}. Empty lines and # comments are skipped.")
@option("--host", default="127.0.0.1", help="Address to listen at.")
@option("--port", type=click.IntRange(0, 65535), default=4100, help="TCP port; 0 lets the system choose.")
@option(
    "--each",
    type=click.Choice(["approve", "decline", "cancel", "wait"]),
    default="wait",
    help='What becomes of every charge at once; "wait" waits for a line.',
)
@json_option("One JSON object a line, for scripts.")
def terminal(*, host: str, port: int, each: Decision, json: bool) -> None:
    """A card terminal behind a bridge, on TCP, that a till sends amounts to. Ctrl-C ends it."""
    console = Console(as_json=json)
    run(_charge(SimulatedTerminal(host=host, port=port), each, console), console)


async def _charge(terminal: SimulatedTerminal, each: Decision, console: Console) -> int:
    hands = _Hands(terminal, console)
    terminal.each_decision = each
    terminal.on_heard = hands.heard
    async with terminal:
        hands.ready()
        try:
            return await obey_lines(hands.orders(), hands.decide, _WORDS, console)
        finally:
            count = len(terminal.charges)
            console.tell(f"Terminal gone: {count} charges", event="done", charges=count)


class _Hands:
    """What a line of standard input does to the terminal, and what is told about it."""

    def __init__(self, terminal: SimulatedTerminal, console: Console) -> None:
        self._terminal = terminal
        self._console = console

    def orders(self) -> Orders:
        """The words after `!`."""
        return {
            "next": self._next, "drop": self._drop, "slow": self._slow, "forget": self._forget,
            "unplug": self._unplug, "plug": self._plug, "charges": self._charges,
        }  # fmt: skip

    def ready(self) -> None:
        """Tell where the till finds it."""
        host, port = self._terminal.host, self._terminal.port
        self._console.tell(f"Card terminal at {host}:{port}", event="ready", host=host, port=port)

    def heard(self, verb: str, name: str, state: str) -> None:
        """Tell what a till said, its questions aside."""
        if verb != "ASK":
            self._console.tell(f"{verb} {name}: {state}", event="heard", verb=verb, attempt=name, state=state)

    def decide(self, word: str) -> None:
        """Decide what is under way."""
        count = self._terminal.decide(_DECISIONS[word])
        self._console.tell(f"{word}: {count} under way", event="decided", decision=word, count=count)

    def _next(self, words: list[str]) -> None:
        self._terminal.next_decision = "wait" if words[0] == "wait" else _DECISIONS[words[0]]

    def _drop(self, words: list[str]) -> None:
        self._terminal.drop_answers = int(words[0])

    def _slow(self, words: list[str]) -> None:
        self._terminal.answer_after_s = max(0.0, float(words[0]))

    def _forget(self, _words: list[str]) -> None:
        self._terminal.die()

    async def _unplug(self, _words: list[str]) -> None:
        await self._terminal.unplug()
        self._console.tell("Unplugged", event="unplugged")

    async def _plug(self, _words: list[str]) -> None:
        await self._terminal.plug()
        self.ready()

    def _charges(self, _words: list[str]) -> None:
        charges = self._terminal.charges
        self._console.tell(
            f"{len(charges)} charges, {sum(amount for _, amount in charges)} in all", event="charges",
            charges=[{"attempt": name, "amount": amount} for name, amount in charges],
        )  # fmt: skip
