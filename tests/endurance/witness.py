"""What was seen, on disk at once: receipt numbers on a screen, papers out of a printer, rounds that are over.

It survives the run's own end, so that an interrupted run can go on and still hold the till to what it said before.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from hardware_sim.printer import Receipt

SEPARATED = "INTERRUPTED"
"""On the strip that ends a receipt which was broken off: no receipt."""


class Witness:
    """One till's witness.

    `seen` is receipt numbers, `whole` counts papers by what is on them, `looks` is what the papers of a receipt look
    like: number -> {copy number: digest}.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seen: set[str] = set()
        self.whole: Counter[str] = Counter()
        self.looks: dict[str, dict[int, str]] = {}
        self.rounds: list[dict[str, Any]] = []
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                self._take(json.loads(line))
        self._file = path.open("a", encoding="utf-8")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def saw(self, number: str) -> None:
        """A receipt number was on a screen."""
        if number and number not in self.seen:
            self._write({"seen": number})

    def printed(self, paper: Receipt) -> None:
        """A piece of paper came out; a torn one, and one that only ends a torn one, is nobody's receipt."""
        if paper.complete and paper.raster_rows and not any(SEPARATED in line for line in paper.lines):
            self._write({"paper": paper.raster_sha256})

    def means(self, number: str, copy_number: int, digest: str) -> None:
        """This is what that paper should look like."""
        self._write({"look": [number, copy_number, digest]})

    def finished(self, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """A round is over."""
        self._write({"round": facts})

    def _write(self, entry: dict[str, Any]) -> None:
        self._take(entry)
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()

    def _take(self, entry: dict[str, Any]) -> None:
        if "seen" in entry:
            self.seen.add(entry["seen"])
        elif "paper" in entry:
            self.whole[entry["paper"]] += 1
        elif "look" in entry:
            number, copy_number, digest = entry["look"]
            self.looks.setdefault(number, {})[copy_number] = digest
        else:
            self.rounds.append(entry["round"])
