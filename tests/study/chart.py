"""The study's picture: oversold orders against what a policy costs, as SVG written by hand.

Two regimes side by side; above the goods that are withheld, below the sales that are lost. One mark a policy, lines
through the settings of one kind, bars for the 95 % interval. Oversold orders are drawn as a share of those that naive
availability oversells in the same repetitions, so that the bars tell policies apart and not repetitions. Colours are
those of Okabe and Ito, and every kind has a mark of its own, so that it reads in grey as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from math import log10

from tests.study.figures import Figures, Ratio
from tests.study.oversell import REGIMES, Found
from tests.study.policies import Regime

WIDTH, HEIGHT = 1040, 940
PANEL = (410, 300)
LEFTS = (84, 590)
TOPS = (134, 536)
ZERO = 44
"""So far right of the zero begins the logarithmic scale, which has no zero itself."""

COSTS_MOST = 100.0
OVERSOLD_MOST = 110.0
HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
    'font-family="Helvetica, Arial, sans-serif" font-size="13" role="img">'
)
INK, GREY, PALE = "#1a1a1a", "#666666", "#e4e4e4"
TITLES: dict[Regime, str] = {
    "pickup": "Picked up at the store that the customer chose",
    "shipped": "Shipped from the store with most available",
}


@dataclass(frozen=True)
class Kind:
    """Policies of one kind: their names with the labels that they get, colour and mark."""

    words: str
    colour: str
    mark: str
    members: tuple[tuple[str, str], ...]


KINDS = (
    Kind("naive: no goods held back", INK, "square", (("naive", ""),)),
    Kind("safety stock, always", "#d55e00", "triangle",
         (("safety stock 1", "1 piece"), ("safety stock 2", "2"), ("safety stock 3", "3"))),
    Kind("fixed number while a store is silent", "#e69f00", "diamond",
         (("hold 1 while silent", "1"), ("hold 2 while silent", "2"), ("closed while silent", "all"))),
    Kind("plain sales rate while silent, by risk", "#56b4e9", "ring",
         (("plain rate, 5 %", "5 %"), ("plain rate, 1 %", "1 %"), ("plain rate, 0.1 %", "0.1 %"))),
    Kind("offline buffer, by risk", "#0072b2", "disc",
         (("offline buffer, 5 %", "5 %"), ("offline buffer, 1 %", "1 %"), ("offline buffer, 0.1 %", "0.1 %"),
          ("offline buffer, 0.01 %", "0.01 %"))),
    Kind("naive, but stores that are heard first", "#009e73", "cross",
         (("naive, heard first", ""),)),
)  # fmt: skip


def chart(found: Found) -> str:
    """Return the picture as an SVG document."""
    rows: tuple[tuple[str, float, Callable[[Figures], Ratio]], ...] = (
        ("available goods withheld (% of unit-time, log scale)", 0.1, lambda it: it.withheld),
        ("web sales lost though the goods were there (% of web orders, log scale)", 0.01, lambda it: it.lost_web_sales),
    )
    parts = [
        HEAD,
        "<title>Oversold web orders against withheld goods and lost sales, by policy</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *_legend(),
    ]
    for column, regime in enumerate(REGIMES):
        parts += _title(LEFTS[column] + PANEL[0] / 2, TITLES[regime], found.by_regime[regime]["naive"])
        for row, (axis, least, cost) in enumerate(rows):
            panel = Panel(LEFTS[column], TOPS[row], least)
            parts += panel.frame(axis)
            parts += [part for kind in KINDS for part in panel.draw(kind, found.by_regime[regime], cost)]
    return "\n".join([*parts, _foot(found), "</svg>", ""])


@dataclass(frozen=True)
class Panel:
    """One pair of axes, its upper left corner at (left, top); costs from `least` percent on are told apart."""

    left: float
    top: float
    least: float

    def x(self, percent: float) -> float:
        """Where so many percent are: on a logarithmic scale, and what is less on the way from its begin to zero."""
        if percent < self.least:
            return self.left + ZERO * percent / self.least
        part = log10(percent / self.least) / log10(COSTS_MOST / self.least)
        return self.left + ZERO + part * (PANEL[0] - ZERO)

    def y(self, percent: float) -> float:
        """Where so many percent of the naive policy's oversold orders are."""
        return self.top + PANEL[1] * (1 - min(percent, OVERSOLD_MOST) / OVERSOLD_MOST)

    def frame(self, axis: str) -> list[str]:
        """Axes with their units, the grid, and where it would be good to be."""
        bottom, right = self.top + PANEL[1], self.left + PANEL[0]
        parts = []
        for value in range(0, int(OVERSOLD_MOST), 20):
            y = self.y(value)
            parts += [_line(self.left, y, right, y, PALE), _text(self.left - 8, y + 4, f"{value} %", anchor="end")]
        for percent in [tick for tick in (0.01, 0.1, 1, 10, 100) if tick >= self.least]:
            x = self.x(percent)
            parts += [_line(x, self.top, x, bottom, PALE), _text(x, bottom + 18, f"{percent:g} %")]
        parts += [
            _text(self.left, bottom + 18, "0"),
            _line(self.left, bottom, right, bottom, INK),
            _line(self.left, self.top, self.left, bottom, INK),
            _text(self.left + PANEL[0] / 2, bottom + 38, axis),
            _upright(self.left - 56, self.top + PANEL[1] / 2, "oversold orders (% of the naive policy's)"),
            _arrow(self.left + 46, bottom - 34),
            _text(self.left + 50, bottom - 36, "goal", anchor="start", colour=GREY),
        ]
        return parts

    def draw(self, kind: Kind, by_name: dict[str, Figures], cost: Callable[[Figures], Ratio]) -> list[str]:
        """Draw the policies of one kind: line, intervals, marks, labels."""
        places = []
        parts = []
        for name, label in [member for member in kind.members if member[0] in by_name]:
            it = by_name[name]
            x, y = self.x(100 * cost(it).value), self.y(100 * it.fewer_oversold.value)
            places.append((x, y))
            half = it.fewer_oversold.half
            if half:
                high, low = (self.y(100 * max(0.0, it.fewer_oversold.value + off)) for off in (half, -half))
                parts.append(_line(x, high, x, low, kind.colour, opacity=0.4, width=2))
            parts.append(_mark(kind, x, y))
            parts.append(_label(kind, x, y, label))
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        line = f'<polyline points="{path}" fill="none" stroke="{kind.colour}" stroke-width="1.5" opacity="0.8"/>'
        return [line, *parts]


def _label(kind: Kind, x: float, y: float, label: str) -> str:
    anchor, dx, dy = ("end", -10, 4) if kind.mark == "disc" else ("start", 9, -5)
    return _text(x + dx, y + dy, label, anchor=anchor, colour=kind.colour, size=12)


def _mark(kind: Kind, x: float, y: float) -> str:
    shapes = {
        "square": f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="{kind.colour}"/>',
        "triangle": f'<path d="M{x:.1f} {y - 6:.1f} l6 11 h-12 z" fill="{kind.colour}"/>',
        "diamond": f'<path d="M{x:.1f} {y - 6:.1f} l6 6 l-6 6 l-6 -6 z" fill="{kind.colour}"/>',
        "ring": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="#ffffff" stroke="{kind.colour}" stroke-width="2.5"/>',
        "cross": f'<path d="M{x - 5:.1f} {y - 5:.1f} l10 10 m0 -10 l-10 10" stroke="{kind.colour}" stroke-width="3"/>',
        "disc": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" fill="{kind.colour}"/>',
    }
    return shapes[kind.mark]


def _legend() -> list[str]:
    parts = []
    for place, kind in enumerate(KINDS):
        x, y = LEFTS[0] + 310 * (place % 3), 24 + 24 * (place // 3)
        parts += [_mark(kind, x, y), _text(x + 14, y + 4, kind.words, anchor="start")]
    return parts


def _title(x: float, title: str, naive: Figures) -> list[str]:
    oversold = (
        f"100 % = {naive.oversold_orders:,} of {naive.orders:,} web orders ({naive.oversold.value * 1e4:.1f} of 10,000)"
    )
    return [_text(x, 92, title, size=16, bold=True), _text(x, 114, oversold, colour=GREY)]


def _foot(found: Found) -> str:
    it = found.settings
    words = (
        f"{found.trade.source}; {it.seeds} repetitions; stores silent for "
        f"{found.silent_share:.1%} of the time. Bars: 95 % intervals over the repetitions."
    )
    return _text(40, HEIGHT - 16, words, anchor="start", colour=GREY, size=12)


def _upright(x: float, y: float, words: str) -> str:
    return f'<g transform="translate({x} {y}) rotate(-90)">{_text(0, 0, words)}</g>'


def _arrow(x: float, y: float) -> str:
    return f'<path d="M{x} {y} l-34 26 l4 -12 m-4 12 l12 -2" fill="none" stroke="{GREY}" stroke-width="1.5"/>'


def _text(  # noqa: PLR0913 - what a text has
    x: float, y: float, words: str, *, anchor: str = "middle", colour: str = INK, size: int = 13, bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}"{weight}>'
        f"{escape(words)}</text>"
    )


def _line(  # noqa: PLR0913, PLR0917 - two ends and a pen
    x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1, opacity: float = 1
) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}" '
        f'opacity="{opacity}"/>'
    )
