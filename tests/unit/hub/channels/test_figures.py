"""What is shown of channels among the hub's figures, and what is tidied up."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import CollectorRegistry

from hub.running.channels import ChannelChores, ChannelMetrics, channel_stores
from hub.storage.channel_outbox import KEPT, Claim, tell
from hub.storage.channel_records import Message
from hub.storage.database import Database
from tests.channel_chain import HANOI, TEA, Chain
from tests.channel_stage import START, set_up
from tests.unit.hub.journals import sale


def test_what_waits_is_parked_or_fails_is_shown_by_channel(database: Database) -> None:
    """Waiting and its age, parked, levels due, breakers; what is over is not shown any more."""
    chain, registry = Chain(database), CollectorRegistry()
    chores = ChannelChores(channel_stores(database), ChannelMetrics(registry))

    def shown(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"tillwire_channel_{name}", {"channel": "web", **labels})

    process = chain.process()
    chain.run(process, rounds=3)
    chain.tell(HANOI, sale(1, (TEA, 1_000)), sale(2, (TEA, 1_000)))
    chain.shop.fault("levels", "away")
    chain.shop.fault("sales", "refuse", "away")
    chain.run(process, rounds=1)
    later = chain.clock.now + timedelta(seconds=60)
    chores.advance(later, 0.0)
    assert (shown("outbox_waiting"), shown("outbox_parked"), shown("stock_due")) == (1, 1, 1)
    age_s = shown("outbox_oldest_seconds")
    assert age_s is not None
    assert 60 <= age_s < 70
    assert shown("circuit", part="stock") == 0
    chain.tables.parts.failed("web", "stock", 9, later + timedelta(seconds=5), "503")
    chores.advance(later, 10.0)
    assert shown("circuit", part="stock") == 1
    chain.tables.setups.give_up("web")
    chores.advance(later, 20.0)
    assert (shown("outbox_waiting"), shown("circuit", part="stock")) == (None, None)


def test_what_was_told_long_ago_is_forgotten(database: Database) -> None:
    """After thirty days, a little at a time; what was not told stays for ever."""
    set_up(database)
    stores = channel_stores(database)
    with database.write() as connection:
        tell(connection, "web", [Message(lane, "sale", lane, "{}") for lane in "ab"], START)
    (row, *_) = stores.outbox.claim("web", ["sale"], Claim("a", START, START), 1)
    stores.outbox.done(row, "a", START, "", [])
    chores = ChannelChores(stores, ChannelMetrics(CollectorRegistry()))
    chores.advance(START + KEPT, 0.0)
    assert len(stores.outbox.rows("web")) == 2
    chores.advance(START + KEPT + timedelta(seconds=1), 5_000.0)
    assert [one.key for one in stores.outbox.rows("web")] == ["b"]
