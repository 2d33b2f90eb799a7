"""The till's words to Square, held to its description: a Terminal checkout from start to each end."""

from __future__ import annotations

import httpx
import pytest

from edge_agent.devices.terminal.square_driver import SquareSettings, SquareTerminal
from hardware_sim.vendors.square import terminals
from tests.contract.square.shop import Shop
from tests.contract.square.wire import Wire

pytestmark = pytest.mark.anyio


class _Later(httpx.AsyncBaseTransport):
    """The same wire for who waits."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._wire.handle_request(request)


def _terminal(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> SquareTerminal:
    token = tmp_path_factory.mktemp("square") / "token"
    token.write_text("token-of-a-seller")
    return SquareTerminal(SquareSettings("DEVICE-1", token), shop.clock, transport=lambda: _Later(shop.wire))


@pytest.mark.parametrize("end", ["pay", "decline", "cancel", "stop", "time"])
async def test_each_way_of_a_checkout_is_square_s_own(
    shop: Shop, tmp_path_factory: pytest.TempPathFactory, end: str
) -> None:
    """Started, asked about by a till that remembers and by one that does not, ended in each way."""
    first, second = _terminal(shop, tmp_path_factory), _terminal(shop, tmp_path_factory)
    attempt = "0190f5fb-6d2f-7c57-b6a5-4a0b7f1f6a55-12"
    shop.world.terminal_is_on = end != "time"
    assert (await first.start(attempt, 500, "GBP")).outcome == "in_progress"
    assert (await second.ask(attempt)).outcome == "in_progress"
    (key,) = shop.world.checkouts
    wanted = {"pay": "approved", "decline": "declined", "cancel": "cancelled", "stop": "cancelled", "time": "cancelled"}
    match end:
        case "stop":
            assert (await second.cancel(attempt)).outcome == "cancelled"
        case "time":
            shop.clock.forward(minutes=5)
        case _:
            terminals.decide(shop.world, key, end)
    answers = [await terminal.ask(attempt) for terminal in (first, second)]
    assert [answer.outcome for answer in answers] == [wanted[end]] * 2
    assert (await first.cancel(attempt)).outcome == wanted[end]
    assert (await first.ask("another")).outcome == "never_heard"
    if end == "pay":
        assert (answers[0].charged, answers[0].approval) == (500, next(iter(shop.world.payments)))
    await first.close()
    await second.close()


async def test_an_attempt_of_any_length_has_a_key_and_a_reference(
    shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Square bounds both; what stands for a longer one is always the same."""
    terminal = _terminal(shop, tmp_path_factory)
    attempt = "x" * 100
    assert (await terminal.start(attempt, 500, "GBP")).outcome == "in_progress"
    assert (await terminal.start(attempt, 500, "GBP")).outcome == "in_progress"
    assert len(shop.world.checkouts) == 1
    await terminal.close()
