"""What is counted of a commit is what was in it, and what a process gives up another one takes in whole."""

from __future__ import annotations

import pickle
from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.plan import IngestResult
from hub.ingest.worker import CommitReport
from hub.running.commit_tally import tally_of
from hub.storage import latency_buckets as buckets
from hub.storage.records import EpochKey
from hub.storage.refusals import Refusals
from protocol.ids import StoreId, TerminalId
from protocol.messages import Ack
from tests.unit.hub.journals import at

few = st.integers(0, 5)
results = st.builds(
    lambda store, status, parked, ages_s, unchecked: IngestResult(
        EpochKey(StoreId(store), TerminalId("t"), 1),
        Ack(epoch=1, sequence=1, digest="", hub_time=at(0), status=status),
        taken=parked + len(ages_s) + unchecked, parked=parked, unchecked=unchecked,
        checked_at=tuple(at(0) - timedelta(seconds=age_s) for age_s in ages_s),
    ),
    st.sampled_from(["hanoi", "hue"]), st.sampled_from(["ok", "gap", "broken"]), few,
    st.lists(st.integers(-5, 3 * buckets.LATE_AFTER_S)), few,
)  # fmt: skip


@given(st.lists(results, min_size=1), st.floats(0, 10))
def test_a_tally_has_each_event_once(found: list[IngestResult], took_s: float) -> None:
    """Each is timely or late, whatever it was in; it is the same on the other side of a pipe."""
    tally = tally_of(CommitReport(tuple(found), took_s, at(0)))
    assert pickle.loads(pickle.dumps(tally)) == tally  # noqa: S301 - our own words
    new = sum(len(one.checked_at) + one.unchecked for one in found)
    assert len(tally.timely_ms) + tally.late == new == tally.taken - tally.parked
    assert all(latency_ms <= buckets.LATE_AFTER_S * 1000 for latency_ms in tally.timely_ms)
    assert tally.statuses.total() == len(found)
    assert tally.troubled == {one.key.store for one in found if one.parked or one.ack.status == "broken"}
    assert (tally.took_s, tally.minute) == (took_s, int(at(0).timestamp()) // 60)


@given(st.lists(st.one_of(st.none(), st.sampled_from(["forged", "topic"]))))
def test_what_one_gives_up_another_takes_in(refused: list[str | None]) -> None:
    """None: now. However often it is asked, each refusal is counted once, and each sample is with one of the two."""
    here, there = Refusals(), Refusals()
    for number, reason in enumerate([*refused, None, None]):
        if reason is None:
            there.take_in(*here.give_up())
        else:
            here.refuse(f"topic{number}", b"x", reason, "a stranger")
    assert there.counts == here.counts == Counter(reason for reason in refused if reason is not None)
    assert here.take_samples(at(0)) == ()
    newest = [f"topic{number}" for number, reason in enumerate(refused) if reason is not None]
    assert [frame.topic for frame in there.take_samples(at(0))] == newest[-50:]
