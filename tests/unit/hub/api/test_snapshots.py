"""Who may fetch a snapshot, and how: signed, fresh, of one's own store; from any byte on."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from hub.admin.web import build_web
from hub.api.settings import WebSettings
from hub.api.snapshots import DOWNLOADS_MAX, REFUSED_PER_MINUTE, Slots, SnapshotDesk
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId
from protocol.request_signing import SLACK_S, SignedRequest, sign
from protocol.snapshot import path_of
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.api.asgi import client

KEY, DIGEST = Key(b"k" * 32), "d" * 64
CONTENT = bytes(range(256)) * 4
PATH = path_of(GLOBAL_FEED, DIGEST)
NONCES = itertools.count()


class Keys:
    """One terminal of two."""

    def terminal_key(self, store: StoreId, terminal: TerminalId) -> Key | None:
        """See KeyRing."""
        return {("hn01", "t1"): KEY}.get((store, terminal))


class Web:
    """A hub's web with one file on its shelf."""

    def __init__(self, folder: Path) -> None:
        file = folder / "file"
        file.write_bytes(CONTENT)
        self.hub = SampleHub()

        def find(_feed: FeedName, digest: str) -> Path | None:
            return file if digest == DIGEST else None

        self.app = build_web(replace(self.hub.ports(), snapshots=SnapshotDesk(Keys(), find)), WebSettings())

    def signed(self, path: str = PATH, *, store: str = "hn01", key: Key = KEY, late_s: int = 0, nonce: str = "") -> str:
        """The header of a request."""
        now_s = int(self.hub.ports().clock().timestamp())
        nonce = nonce or f"{next(NONCES):024x}"
        who = SignedRequest(StoreId(store), TerminalId("t1"), now_s - late_s, nonce)
        return sign("GET", path, who, key)

    def get(self, authorization: str, path: str = PATH, **headers: str) -> httpx.Response:
        """Ask."""

        async def asking() -> httpx.Response:
            sent = {
                "authorization": authorization,
                **{name.replace("_", "-"): value for name, value in headers.items()},
            }
            async with client(self.app, sent) as http:
                return await http.get(path)

        return asyncio.run(asking())


@pytest.fixture
def web(tmp_path: Path) -> Web:
    """A fresh one."""
    return Web(tmp_path)


def test_a_terminal_gets_the_file_whole_and_from_any_byte_on(web: Web) -> None:
    """The ETag is the digest; If-Range with another one begins anew; behind the end there is nothing."""
    whole = web.get(web.signed())
    assert (whole.status_code, whole.content, whole.headers["etag"]) == (200, CONTENT, f'"{DIGEST}"')
    part = web.get(web.signed(), range="bytes=1000-", if_range=f'"{DIGEST}"')
    assert (part.status_code, part.content) == (206, CONTENT[1000:])
    assert part.headers["content-range"] == f"bytes 1000-1023/{len(CONTENT)}"
    assert web.get(web.signed(), range="bytes=1000-", if_range='"other"').status_code == 200
    assert web.get(web.signed(), range=f"bytes={len(CONTENT)}-").status_code == 416
    assert "no-store" in whole.headers["cache-control"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"key": Key(b"x" * 32)}, "wrong-signature"),
        ({"store": "hn02"}, "wrong-signature"),
        ({"late_s": SLACK_S + 1}, "expired"),
        ({"late_s": -SLACK_S - 1}, "expired"),
        ({"path": PATH + "0"}, "wrong-signature"),
    ],
)
def test_whoever_does_not_prove_who_he_is_gets_nothing(web: Web, change: dict[str, object], kind: str) -> None:
    """Another key, a terminal that is not enrolled, another time, another path."""
    answer = web.get(web.signed(**change))  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["type"]) == (401, f"urn:tillwire:problem:{kind}")
    assert web.get("").status_code == 401
    assert web.get("Tillwire nonsense").status_code == 401


def test_a_request_is_good_once(web: Web) -> None:
    """Who has overheard one cannot send it again."""
    header = web.signed()
    assert web.get(header).status_code == 200
    again = web.get(header)
    assert (again.status_code, again.json()["type"]) == (401, "urn:tillwire:problem:repeated")


def test_another_stores_feed_is_not_for_this_terminal(web: Web) -> None:
    """Its own store's and everybody's only; a feed that cannot be, and a file that is gone, are not there."""
    others = path_of(FeedName("store-hn02"), DIGEST)
    assert web.get(web.signed(others), others).status_code == 403
    own = path_of(FeedName("store-hn01"), DIGEST)
    assert web.get(web.signed(own), own).status_code == 200
    for path in (path_of(FeedName("nonsense"), DIGEST), path_of(GLOBAL_FEED, "e" * 64), path_of(GLOBAL_FEED, "short")):
        assert web.get(web.signed(path), path).status_code == 404


def test_who_guesses_is_slowed_down(web: Web) -> None:
    """After thirty wrong signatures an address waits, also with a right one."""
    for _ in range(REFUSED_PER_MINUTE):
        assert web.get(web.signed(key=Key(b"x" * 32))).status_code == 401
    answer = web.get(web.signed())
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_no_more_are_served_at_once_than_there_are_slots(web: Web) -> None:
    """A slot comes back when its file was sent, so many in a row are no matter."""
    for _ in range(DOWNLOADS_MAX * 2):
        assert web.get(web.signed()).status_code == 200
    slots = Slots(2)
    assert [slots.take(), slots.take(), slots.take()] == [True, True, False]
    slots.give_back()
    assert slots.take()
