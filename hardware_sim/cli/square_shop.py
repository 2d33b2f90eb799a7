"""The shop behind `tillwire-sim square`: what its lines of standard input do, and webhooks on their way."""

import asyncio

import httpx

from hardware_sim.cli.console import Console
from hardware_sim.cli.orders import Orders, obey_lines
from hardware_sim.cli.square_command import DECISIONS, WORDS
from hardware_sim.vendors.square import People, SquareService, World, terminals
from hardware_sim.vendors.square.serving import SquareServer
from hardware_sim.vendors.square.world import Fault

_GOODS = (("Trà sen", "TRA-SEN", 250), ("Cà phê", "CA-PHE", 320), ("Bánh quy", "BANH-QUY", 180))
_SEND_EVERY_S = 0.2


async def serve(world: World, port: int, console: Console) -> int:
    """Serve until `!quit` or a signal; returns the exit code."""
    people = People(world)
    places = [people.open_location("Hàng Ngang"), people.open_location("Chợ Bến Thành")]
    goods = {sku: people.list_item(name, {sku: price})[sku] for name, sku, price in _GOODS}
    async with SquareServer(SquareService(world), port=port) as server:
        hands = _Hands(world, server, places, goods, console)
        hands.ready()
        sending = asyncio.create_task(_send_webhooks(world, console))
        try:
            return await obey_lines(hands.orders(), hands.decide, WORDS, console)
        finally:
            sending.cancel()
            count = len(world.payments)
            console.tell(f"Square gone: {count} payments", event="done", payments=count)


async def _send_webhooks(world: World, console: Console) -> None:
    """Send what waits, in order; what is not taken is tried again later, as Square does."""
    async with httpx.AsyncClient(timeout=5) as client:
        while True:
            await asyncio.sleep(_SEND_EVERY_S)
            while world.deliveries:
                one = world.deliveries[0]
                try:
                    answer = await client.post(one.url, content=one.body, headers=one.headers)
                except httpx.HTTPError as error:
                    console.tell(f"Webhook not taken: {type(error).__name__}", event="webhook", taken=False)
                    break
                world.deliveries.pop(0)
                console.tell(f"Webhook: {answer.status_code}", event="webhook", taken=answer.is_success)


class _Hands:
    """What a line of standard input does, and what is told about it."""

    def __init__(
        self, world: World, server: SquareServer, places: list[str], goods: dict[str, str], console: Console
    ) -> None:
        self._world = world
        self._people = People(world)
        self._server = server
        self._places = places
        self._goods = goods
        self._console = console

    def orders(self) -> Orders:
        """The words after `!`."""
        return {
            "next": self._next, "sell": self._sell, "order": self._order, "fee": self._fee, "fail": self._fail,
            "terminal": self._terminal, "unplug": self._unplug, "plug": self._plug, "state": self._state,
        }  # fmt: skip

    def ready(self) -> None:
        """Tell where it is and what is in it."""
        self._console.tell(
            f"Square at {self._server.url}; locations {', '.join(self._places)}; any device id is its terminal",
            event="ready", url=self._server.url, locations=self._places, goods=self._goods,
        )  # fmt: skip

    def decide(self, word: str) -> None:
        """What buyers do with what is in progress."""
        terminals.advance(self._world)
        waiting = [key for key, each in self._world.checkouts.items() if each["status"] == "IN_PROGRESS"]
        for key in waiting:
            terminals.decide(self._world, key, DECISIONS[word])
        self._console.tell(f"{word}: {len(waiting)} under way", event="decided", decision=word, count=len(waiting))

    def _next(self, words: list[str]) -> None:
        self._world.each_checkout = DECISIONS.get(words[0], "wait")  # type: ignore[assignment]  # as above

    def _sell(self, words: list[str]) -> None:
        order = self._people.ring_up(self._places[0], self._wanted(words))
        self._console.tell(f"Sold: {order['id']}", event="sold", order=order["id"])

    def _order(self, words: list[str]) -> None:
        order = self._people.order(self._places[0], self._wanted(words))
        self._console.tell(f"Ordered: {order['id']}", event="ordered", order=order["id"])

    def _fee(self, words: list[str]) -> None:
        for payment in self._world.payments.values():
            if payment["source_type"] == "CARD" and not payment.get("processing_fee"):
                self._people.charge_fee(payment, int(words[0]))

    def _fail(self, words: list[str]) -> None:
        self._world.faults.append(Fault("", words[0], times=int(words[1])))  # type: ignore[arg-type]  # one of its words

    def _terminal(self, words: list[str]) -> None:
        self._world.terminal_is_on = words[0] == "on"

    async def _unplug(self, _words: list[str]) -> None:
        await self._server.unplug()
        self._console.tell("Unplugged", event="unplugged")

    async def _plug(self, _words: list[str]) -> None:
        await self._server.plug()
        self.ready()

    def _state(self, _words: list[str]) -> None:
        taken = sum(
            each["amount_money"]["amount"] for each in self._world.payments.values() if each["status"] == "COMPLETED"
        )
        count = len(self._world.payments)
        self._console.tell(f"{count} payments, {taken} in all", event="state", payments=count, taken=taken)

    def _wanted(self, words: list[str]) -> dict[str, str]:
        return {self._goods[words[0]]: words[1] if len(words) > 1 else "1"}
