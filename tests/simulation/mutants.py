"""The shipped code with one part broken on purpose, many ways: the simulation must catch every one.

Each break is a subclass or a proxy in front of a real part; nothing that ships knows of it. The names are what a
careless change would do.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.disk import memory_disks
from tests.simulation.mutants_of_hub import (
    AckBeforeCommit,
    CountForgetsWhatFollowed,
    CursorsInFirstPart,
    DropsPoison,
    NoDedupe,
    NoHeartbeat,
    NoIdDedupe,
    StopsAtPoison,
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
    TrustsPuback,
    believe_puback,
)
from tests.simulation.parts import Parts

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
}
SEEDS_MAX = 300
"""A mutant that lives through this many seeds has been missed."""
