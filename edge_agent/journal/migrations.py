"""The tables of `till.db`, as numbered steps that only go forward.

A released step is never edited: tills in the field have run it. Each step and the note that it ran are one
transaction. The spool's table belongs to the devices, which stand above this room; so `app.py` hands its text in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlite_utils import Migrations
from sqlite_utils.db import Database

from edge_agent.journal import work_state
from edge_agent.journal.receipts_kept import keep_all
from edge_agent.replica.customers import index_customers
from edge_agent.replica.search import tables
from edge_agent.replica.search.index import index_catalogue

_JOURNAL = """
CREATE TABLE journal_state (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  store        TEXT NOT NULL,
  terminal     TEXT NOT NULL,
  epoch        INTEGER NOT NULL,
  acked        INTEGER NOT NULL DEFAULT 0,
  lost_reason  TEXT,
  lost_nonce   TEXT,
  last_time_us INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE event (
  epoch    INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  digest   BLOB NOT NULL,
  at_us    INTEGER NOT NULL,
  raw      BLOB NOT NULL,
  PRIMARY KEY (epoch, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_set_aside (
  position INTEGER PRIMARY KEY,
  epoch    INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  raw      BLOB NOT NULL
) STRICT;
"""
_REPLICA = """
CREATE TABLE feed_state (
  feed     TEXT PRIMARY KEY,
  lineage  TEXT NOT NULL,
  revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE feed_cursor (
  feed     TEXT NOT NULL,
  terminal TEXT NOT NULL,
  epoch    INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (feed, terminal, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE document (
  feed     TEXT NOT NULL,
  kind     TEXT NOT NULL,
  key      TEXT NOT NULL,
  revision INTEGER NOT NULL,
  body     BLOB NOT NULL,
  PRIMARY KEY (feed, kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE staged (
  position INTEGER PRIMARY KEY,
  feed     TEXT NOT NULL,
  request  TEXT NOT NULL,
  kind     TEXT NOT NULL,
  key      TEXT NOT NULL,
  revision INTEGER NOT NULL,
  deleted  INTEGER NOT NULL,
  body     BLOB NOT NULL
) STRICT;
CREATE INDEX staged_request ON staged (feed, request);
CREATE TABLE barcode (
  code TEXT NOT NULL,
  sku  TEXT NOT NULL,
  PRIMARY KEY (code, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX barcode_sku ON barcode (sku);
CREATE TABLE own_movement (
  sku      TEXT NOT NULL,
  epoch    INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  line     INTEGER NOT NULL,
  delta    INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  at_us    INTEGER NOT NULL,
  PRIMARY KEY (sku, epoch, sequence, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX own_movement_place ON own_movement (epoch, sequence);
"""
_TILL = """
CREATE TABLE cart (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  body BLOB NOT NULL
) STRICT;
CREATE TABLE sale (
  position       INTEGER PRIMARY KEY,
  sale_id        TEXT NOT NULL UNIQUE,
  receipt_number TEXT NOT NULL,
  total          INTEGER NOT NULL,
  given          INTEGER NOT NULL,
  change         INTEGER NOT NULL,
  job_id         TEXT NOT NULL,
  at_us          INTEGER NOT NULL,
  dismissed      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE receipt_counter (
  epoch INTEGER PRIMARY KEY,
  last  INTEGER NOT NULL
) STRICT;
CREATE TABLE preference (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

_GENERATIONS = """
ALTER TABLE document RENAME TO document_before;
CREATE TABLE document (
  feed       TEXT NOT NULL,
  generation INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  key        TEXT NOT NULL,
  revision   INTEGER NOT NULL,
  body       BLOB NOT NULL,
  PRIMARY KEY (feed, generation, kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO document SELECT feed, 0, kind, key, revision, body FROM document_before;
DROP TABLE document_before;
ALTER TABLE barcode RENAME TO barcode_before;
CREATE TABLE barcode (
  generation INTEGER NOT NULL,
  code       TEXT NOT NULL,
  sku        TEXT NOT NULL,
  PRIMARY KEY (generation, code, sku)
) STRICT, WITHOUT ROWID;
INSERT INTO barcode SELECT 0, code, sku FROM barcode_before;
DROP TABLE barcode_before;
CREATE INDEX barcode_sku ON barcode (generation, sku);
CREATE TABLE feed_generation (
  feed    TEXT PRIMARY KEY,
  current INTEGER NOT NULL,
  newest  INTEGER NOT NULL,
  request TEXT NOT NULL
) STRICT, WITHOUT ROWID;
DELETE FROM staged;
"""

_PRINTERS = """
ALTER TABLE print_job RENAME TO print_job_before;
CREATE TABLE print_job (
  position       INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id         TEXT NOT NULL UNIQUE,
  printer        TEXT NOT NULL DEFAULT 'printer' CHECK (printer IN ('printer', 'pick_printer')),
  kind           TEXT NOT NULL CHECK (kind IN ('receipt', 'slip', 'drawer')),
  receipt_number TEXT NOT NULL DEFAULT '',
  payload        BLOB NOT NULL,
  state          TEXT NOT NULL CHECK (state IN
                   ('queued', 'sending', 'await_fence', 'printed', 'held', 'unknown', 'cancelled')),
  reason         TEXT NOT NULL DEFAULT '',
  copy_number    INTEGER NOT NULL DEFAULT 0 CHECK (copy_number >= 0),
  tries          INTEGER NOT NULL DEFAULT 0,
  created_at_ms  INTEGER NOT NULL,
  changed_at_ms  INTEGER NOT NULL
) STRICT;
INSERT INTO print_job (position, job_id, kind, receipt_number, payload, state, reason, copy_number, tries,
  created_at_ms, changed_at_ms)
SELECT position, job_id, kind, receipt_number, payload, state, reason, copy_number, tries, created_at_ms, changed_at_ms
FROM print_job_before;
DROP TABLE print_job_before;
CREATE INDEX print_job_open ON print_job (printer, state, position)
  WHERE state IN ('queued', 'sending', 'await_fence', 'held', 'unknown');
CREATE INDEX print_job_receipt ON print_job (receipt_number, copy_number);
CREATE INDEX print_job_done ON print_job (changed_at_ms) WHERE state IN ('printed', 'cancelled');
"""

_PEOPLE = """
CREATE TABLE pin_failure (
  who    TEXT PRIMARY KEY,
  count  INTEGER NOT NULL,
  at_us  INTEGER NOT NULL,
  wait_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE shift_tally (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  shift TEXT NOT NULL,
  body  BLOB NOT NULL
) STRICT;
CREATE TABLE shift_closed (
  position INTEGER PRIMARY KEY,
  shift    TEXT NOT NULL UNIQUE,
  number   INTEGER NOT NULL,
  at_us    INTEGER NOT NULL,
  body     BLOB NOT NULL
) STRICT;
"""

# One receipt that waits, with its name; and customers who were entered here, until the hub's documents of them come.
_SALE = """
CREATE TABLE held_cart (
  position INTEGER PRIMARY KEY,
  sale_id  TEXT NOT NULL UNIQUE,
  name     TEXT NOT NULL,
  by_whom  TEXT NOT NULL,
  at_us    INTEGER NOT NULL,
  body     BLOB NOT NULL
) STRICT;
CREATE TABLE customer_new (
  position INTEGER PRIMARY KEY,
  customer TEXT NOT NULL UNIQUE,
  body     BLOB NOT NULL
) STRICT;
CREATE TABLE customer_item (
  id         INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  customer   TEXT NOT NULL,
  words      TEXT NOT NULL,
  keys       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX customer_item_place ON customer_item (generation, customer);
CREATE TABLE customer_key (
  generation INTEGER NOT NULL,
  key        TEXT NOT NULL,
  customer   TEXT NOT NULL,
  PRIMARY KEY (generation, key, customer)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE customer_name USING fts5 (
  words, content = '', detail = none, columnsize = 0, prefix = '1 2 3', tokenize = "ascii tokenchars '.'"
);
INSERT INTO customer_name (customer_name, rank) VALUES ('automerge', 0);
INSERT INTO customer_name (customer_name, rank) VALUES ('crisismerge', 64);
"""

# `memo` is what a banking app writes; `until_us` is when the customer should have paid, not when money stops counting.
_PAYMENTS = """
CREATE TABLE payment_attempt (
  position       INTEGER PRIMARY KEY AUTOINCREMENT,
  attempt        TEXT NOT NULL UNIQUE,
  sale_id        TEXT NOT NULL,
  kind           TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN
                   ('created', 'pending', 'in_progress', 'approved', 'declined', 'cancelled', 'unknown')),
  amount         INTEGER NOT NULL,
  currency       TEXT NOT NULL,
  receipt_number TEXT NOT NULL,
  memo           TEXT NOT NULL DEFAULT '',
  payload        TEXT NOT NULL DEFAULT '',
  reference      TEXT NOT NULL DEFAULT '',
  by_whom        TEXT NOT NULL,
  payment        TEXT NOT NULL DEFAULT '',
  wanted         TEXT NOT NULL DEFAULT '',
  created_us     INTEGER NOT NULL,
  changed_us     INTEGER NOT NULL,
  until_us       INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_attempt_open ON payment_attempt (position)
  WHERE state IN ('created', 'pending', 'in_progress', 'unknown');
CREATE INDEX payment_attempt_sale ON payment_attempt (sale_id);
CREATE TABLE payment_seen (
  payment TEXT PRIMARY KEY,
  at_us   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE payment_late (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  payment  TEXT NOT NULL UNIQUE,
  attempt  TEXT NOT NULL,
  why      TEXT NOT NULL CHECK (why IN ('cancelled', 'double', 'wrong_amount', 'too_late')),
  amount   INTEGER NOT NULL,
  currency TEXT NOT NULL,
  memo     TEXT NOT NULL,
  at_us    INTEGER NOT NULL,
  answered TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX payment_late_open ON payment_late (position) WHERE answered = '';
CREATE TABLE own_value (
  position INTEGER PRIMARY KEY,
  kind     TEXT NOT NULL CHECK (kind IN ('voucher', 'account')),
  key      TEXT NOT NULL,
  delta    INTEGER NOT NULL,
  currency TEXT NOT NULL,
  expires  TEXT NOT NULL DEFAULT '',
  revision INTEGER NOT NULL,
  at_us    INTEGER NOT NULL
) STRICT;
CREATE INDEX own_value_key ON own_value (kind, key);
CREATE TABLE receipt_kept (
  receipt_number TEXT PRIMARY KEY,
  kind           TEXT NOT NULL CHECK (kind IN ('sale', 'refund', 'account')),
  at_us          INTEGER NOT NULL,
  total          INTEGER NOT NULL,
  currency       TEXT NOT NULL,
  is_own         INTEGER NOT NULL,
  body           BLOB NOT NULL
) STRICT;
CREATE INDEX receipt_kept_at ON receipt_kept (at_us);
CREATE TABLE line_returned (
  original TEXT NOT NULL,
  line     INTEGER NOT NULL,
  receipt  TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  at_us    INTEGER NOT NULL
) STRICT;
CREATE INDEX line_returned_original ON line_returned (original, line);
CREATE TABLE line_returned_elsewhere (
  original TEXT NOT NULL,
  line     INTEGER NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (original, line)
) STRICT, WITHOUT ROWID;
CREATE TABLE training_counter (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL
) STRICT;
"""

# Printers that may still wait for the rest of a receipt which was broken off, whichever life of the agent began it.
_BROKEN_OFF = """
CREATE TABLE printer_broken_off (
  printer TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
"""

# What is asked after every scan must not cost more after a long day: see tests/unit/edge_agent/counter/test_costs.py.
_COSTS = """
CREATE INDEX own_movement_count ON own_movement (sku, at_us) WHERE kind = 'count';
CREATE UNIQUE INDEX work_line_number ON work_line (work, number);
ALTER TABLE work ADD COLUMN last_number INTEGER NOT NULL DEFAULT 0;
UPDATE work SET last_number = (SELECT coalesce(max(number), 0) FROM work_line WHERE work = work.id);
"""
_COSTS_OF_PRINTING = """
CREATE INDEX print_job_asked ON print_job (position)
  WHERE kind <> 'drawer' AND (state = 'unknown' OR (state = 'held' AND reason IN ('stale', 'undrawable')));
"""

# A hash for each event by itself, so that one that cannot be read does not take the proof of the next one with it; the
# numbers that decide what is still sent, written twice; and why the last epoch was lost, until somebody has read it.
_PROOF = """
ALTER TABLE event ADD COLUMN hash BLOB;
ALTER TABLE journal_state ADD COLUMN again TEXT;
ALTER TABLE journal_state ADD COLUMN lost_before TEXT NOT NULL DEFAULT '';
"""


def till_migrations(spool_schema: str) -> Migrations:
    """All steps, oldest first. `spool_schema`: the CREATE statements of the print spool."""
    steps = Migrations("till")

    def step(name: str, script: str, then: Callable[[sqlite3.Connection], object] | None = None) -> None:
        @steps(name=name)
        def run(database: Database) -> None:
            _run(database, script)
            if then is not None:
                then(database.conn)

    step("0001_journal", _JOURNAL)
    step("0002_replica", _REPLICA)
    step("0003_till", _TILL)
    step("0004_spool", spool_schema)
    step("0005_generations", _GENERATIONS)
    step("0006_search", tables.SEARCH, index_catalogue)
    step("0007_printers", _PRINTERS if spool_schema.strip() else "")  # tests of this room alone have no spool
    step("0008_people", _PEOPLE)
    step("0009_sale", _SALE, index_customers)
    step("0010_payments", _PAYMENTS, keep_all)
    step("0011_work", work_state.SCHEMA)
    step("0012_broken_off", _BROKEN_OFF)
    step("0013_costs", _COSTS + (_COSTS_OF_PRINTING if spool_schema.strip() else ""))
    step("0014_lots", work_state.LOTS)
    step("0015_proof", _PROOF)
    return steps


def _run(database: Database, script: str) -> None:
    # One statement at a time: sqlite3's executescript would commit the step's transaction first.
    for statement in script.split(";"):
        if statement.strip():
            database.execute(statement)
