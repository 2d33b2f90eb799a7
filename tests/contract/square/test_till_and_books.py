"""From a Square Terminal at the till to the books: each payment finds its receipt, and what does not fit is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hardware_sim.vendors.square import People, SquareService, World, payments, terminals
from hub.config import load_config
from hub.ingest.session import ingest
from hub.running.data import open_data
from protocol.events import SaleCompleted, SaleLine, Tender
from protocol.frame import Key
from protocol.ids import StoreId
from tests.contract.square.served import served
from tests.unit.hub.commands import hub
from tests.unit.hub.journals import Journal

HANOI = StoreId("hanoi")
NOON = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)  # noqa: TID251 - as below


class Clock:
    """Square's: yesterday at noon, for what is reconciled is a day that is over."""

    at = NOON

    def __call__(self) -> datetime:
        """The time at Square."""
        return self.at


def _charge(world: World, attempt: str, amount: int) -> str:
    """A till's Terminal checkout, paid; returns Square's payment, which the till keeps as its reference."""
    checkout = {
        "amount_money": world.money(amount), "device_options": {"device_id": "D1"}, "reference_id": attempt,
    }  # fmt: skip
    terminals.create(world, (), {"idempotency_key": attempt, "checkout": checkout})
    terminals.advance(world)
    return next(key for key, payment in world.payments.items() if payment.get("reference_id") == attempt)


def _sale(number: int, amount: int, reference: str) -> SaleCompleted:
    line = SaleLine(sku="tea", name="Tea", quantity=1_000, unit_price=amount, amount=amount)
    return SaleCompleted(
        receipt_number=f"R{number}", business_day=NOON.date(), currency="GBP", cashier="an", lines=(line,),
        tenders=(Tender(kind="card", amount=amount, reference=reference),), total=amount,
    )  # fmt: skip


def test_payments_at_the_terminal_find_their_receipts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One fits with its fee, one is of another amount, one has no sale, one sale has no payment."""
    settings = tmp_path / "hub.toml"
    settings.write_text(f'[data]\nfolder = "{tmp_path / "data"}"\n[broker]\nport = 1999\n')
    assert hub(settings, "store", "add", "hanoi", "--currency", "GBP", "--time-zone", "Europe/London") == 0
    world = World(Clock(), each_checkout="pay")
    people = People(world)
    place = people.open_location("High Street")
    fits, differs = _charge(world, "a-1", 500), _charge(world, "a-2", 700)
    people.charge_fee(world.payments[fits], 12)
    alone = payments.take(world, place, 900)["id"]
    till = Journal(HANOI)
    for number, (amount, reference) in enumerate(((500, fits), (701, differs), (1_100, "typed-by-hand"))):
        till.append(_sale(number, amount, reference), NOON + timedelta(minutes=number))
    data = open_data(load_config(settings))
    data.stores.fleet.add_terminal(HANOI, till.terminal, "", Key(till.key), NOON)
    ingest(data.stores.ledger, [till.batch(1, 3)], NOON)
    data.close()
    token = tmp_path / "token"
    token.write_text("token-of-a-seller")
    with served(SquareService(world)) as server:
        assert hub(settings, "channel", "add", "sq", "square", "currency=GBP", f"base_url={server.url}") == 0
        assert hub(settings, "channel", "secret", "sq", "access_token", "--file", str(token)) == 0
        assert hub(settings, "channel", "map", "sq", "location", "hanoi", place) == 0
        assert hub(settings, "square", "backfill", "--days", "3") == 0
    day = NOON.date().isoformat()
    hub(settings, "money", "reconcile", "--from", day, "--to", day)
    capsys.readouterr()
    hub(settings, "money", "lines", "--all", "--json", "--from", day, "--to", day)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = {(line["outcome"], line.get("receipt", ""), line.get("payment") or "", line.get("fee")) for line in found}
    assert told == {
        ("matched", "R0", fits, -12),
        ("amount_differs", "R1", differs, None),
        ("missing_here", "", alone, None),
        ("missing_there", "R2", "", None),
    }
