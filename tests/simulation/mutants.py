"""The shipped code with one part broken on purpose, many ways: the simulation must catch every one.

Each break is a subclass or a proxy in front of a real part; nothing that ships knows of it. The names are what a
careless change would do.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.disk import memory_disks
from tests.simulation.mutants_of_hub import (
    AckBeforeCommit,
    AcksWhateverHappens,
    CountForgetsWhatFollowed,
    CursorsInFirstPart,
    DropsPoison,
    NoDedupe,
    NoHeartbeat,
    NoIdDedupe,
    StopsAtPoison,
)
from tests.simulation.mutants_of_stock import (
    BundleMovesItself,
    CachesLevels,
    CancelsOnPaper,
    CountIsADifference,
    CountsTransferAtSender,
    ForgetsArrivals,
    ForgetsLots,
    ForgetsPicks,
    KeepsKnownFieldsOnly,
    KeepsReservation,
    LateSaleSubtractsAgain,
    NeverAsksAgain,
    OldWorkerDrops,
    PlacesTwice,
    ReleasesTwice,
    TakesHubTime,
    asks_nobody_to_count,
    forgets_later_rounds,
    keeps_alarms,
    never_looks_twice,
    promises_twice,
    replay_again,
    replay_without_matters,
    sells_expired,
    sells_safety_stock,
)
from tests.simulation.mutants_of_till import (
    AcksRunBackwards,
    AppliesCursorsAtOnce,
    AppliesGaps,
    BackwardJournal,
    CountsCursorTwice,
    ForgetsBeforeAck,
    ForgetsStagedParts,
    MixesAnswers,
    NeverResends,
    RunsBackwards,
    TrustsPcClock,
    TrustsPuback,
    believe_puback,
    salvage_under_new_ids,
)
from tests.simulation.parts import Parts
from tests.simulation.scenario import Kind

MUTANTS: Mapping[str, Parts] = {
    "forget_before_ack": Parts(disk=memory_disks(ForgetsBeforeAck)),
    "no_dedupe": Parts(ingest_session=NoDedupe),
    "apply_feed_gap": Parts(terminal_session=AppliesGaps),
    "count_cursor_twice": Parts(disk=memory_disks(replica=CountsCursorTwice)),
    "ack_before_commit": Parts(ingest_session=AckBeforeCommit),
    "cursor_with_first_part": Parts(feed_session=CursorsInFirstPart, terminal_session=AppliesCursorsAtOnce),
    "trust_puback": Parts(terminal_session=TrustsPuback, on_puback=believe_puback),
    "ack_runs_backwards": Parts(terminal_session=AcksRunBackwards, disk=memory_disks(BackwardJournal)),
    "drop_poison": Parts(ingest_session=DropsPoison),
    "stop_at_poison": Parts(ingest_session=StopsAtPoison),
    "never_resend": Parts(terminal_session=NeverResends),
    "no_heartbeat": Parts(feed_session=NoHeartbeat),
    "no_id_dedupe": Parts(ingest_session=NoIdDedupe),
    "forget_staged_parts": Parts(disk=memory_disks(replica=ForgetsStagedParts)),
    "mix_answers": Parts(terminal_session=MixesAnswers),
    "count_forgets_what_followed": Parts(ingest_session=CountForgetsWhatFollowed),
    "ack_whatever_happens": Parts(ingest_session=AcksWhateverHappens),
    "cache_levels": Parts(ingest_session=CachesLevels),
    "subscribe_once": Parts(believes_remembered=True),
    "clock_runs_backwards": Parts(clock=RunsBackwards),
    "trust_pc_clock": Parts(clock=TrustsPcClock),
    "take_hub_time": Parts(ingest_session=TakesHubTime),
    "salvage_under_new_ids": Parts(salvaged=salvage_under_new_ids),
    "old_worker_drops": Parts(old_ingest_session=OldWorkerDrops),
    "replay_again": Parts(replay=replay_again),
    "keep_known_fields_only": Parts(ingest_session=KeepsKnownFieldsOnly),
    "count_is_a_difference": Parts(ingest_session=CountIsADifference),
    "late_sale_subtracts_again": Parts(ingest_session=LateSaleSubtractsAgain),
    "bundle_moves_itself": Parts(ingest_session=BundleMovesItself),
    "forget_lots": Parts(ingest_session=ForgetsLots),
    "transfer_at_sender_only": Parts(ingest_session=CountsTransferAtSender),
    "transfer_stays_on_its_way": Parts(ingest_session=ForgetsArrivals),
    "release_twice": Parts(ingest_session=ReleasesTwice),
    "keep_reservation": Parts(ingest_session=KeepsReservation),
    "forget_picks": Parts(ingest_session=ForgetsPicks),
    "forget_later_rounds": Parts(sql_hub=forgets_later_rounds),
    "promise_twice": Parts(sql_hub=promises_twice),
    "place_twice": Parts(order_store=PlacesTwice),
    "cancel_on_paper": Parts(order_store=CancelsOnPaper),
    "replay_without_matters": Parts(replay=replay_without_matters),
    "ask_nobody_to_count": Parts(sql_hub=asks_nobody_to_count),
    "keep_alarms": Parts(sql_hub=keeps_alarms),
    "sell_safety_stock": Parts(sql_hub=sells_safety_stock),
    "never_ask_again": Parts(matters=NeverAsksAgain),
    "sell_expired": Parts(sql_hub=sells_expired),
    "never_look_twice": Parts(sql_hub=never_looks_twice),
}
ONLY_IN: Mapping[str, Kind] = {
    "no_id_dedupe": "fork",
    "salvage_under_new_ids": "fork",
    **dict.fromkeys(
        (
            "transfer_stays_on_its_way", "release_twice", "keep_reservation", "forget_picks", "forget_later_rounds",
            "promise_twice", "place_twice", "cancel_on_paper", "replay_without_matters", "ask_nobody_to_count",
            "keep_alarms", "sell_safety_stock", "never_ask_again", "never_look_twice",
            "sell_expired",
        ),
        "orders",
    ),
}  # fmt: skip
"""Kinds of runs outside of which a mutant behaves as what ships does, so that no time is spent there."""

SEEDS_MAX = 300
"""A mutant that lives through this many seeds has been missed."""
