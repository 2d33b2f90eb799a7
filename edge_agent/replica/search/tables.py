"""The tables of the index of names, as step 0006 of `journal/migrations.py` made them: never edited.

FTS5's own merging is off (`automerge`, `crisismerge`): it would be in the middle of somebody's scan. `index.py` merges.
"""

from __future__ import annotations

SEARCH = """
CREATE TABLE search_item (
  id         INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  sku        TEXT NOT NULL,
  words      TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX search_item_place ON search_item (generation, sku);
CREATE TABLE search_serial (
  generation INTEGER PRIMARY KEY,
  last       INTEGER NOT NULL
) STRICT;
CREATE TABLE search_word (
  generation INTEGER NOT NULL,
  key        TEXT NOT NULL,
  word       TEXT NOT NULL,
  PRIMARY KEY (generation, key, word)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE search_text USING fts5 (
  words, content = '', detail = none, columnsize = 0, prefix = '1 2 3', tokenize = "ascii tokenchars '.'"
);
INSERT INTO search_text (search_text, rank) VALUES ('automerge', 0);
INSERT INTO search_text (search_text, rank) VALUES ('crisismerge', 64);
"""
