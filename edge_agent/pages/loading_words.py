"""What a cashier reads about a first load, and the bar that shows how far it is, or how much is sent."""

from __future__ import annotations

from edge_agent.pages import figures
from edge_agent.pages.speech import Speech
from edge_agent.pages.words import Pill
from edge_agent.till.view import LinkView
from protocol.messages import Loading


def loading_pill(loading: Loading | None, speech: Speech) -> Pill | None:
    """Say how far it is. Amber only where somebody can do something about it."""
    if loading is None:
        return None
    _ = speech.gettext
    label = _("Loading %(percent)s") % {"percent": figures.percent(loading.percent * 100, speech.language)}
    go_on = _("Go on selling: what has come is taken into use all at once, when it is complete.")
    support = _("Tell your support, who can open the way to the hub's web.")
    if loading.problem == "no_room":
        return Pill(
            "loading", "look", "triangle-alert", label,
            _("This PC's disk has no room for the goods and customers that the hub has."),
            (go_on, _("Call your support: other files have to leave this disk. The till goes on by itself then.")),
        )  # fmt: skip
    if loading.way != "link":
        happened = _("Goods, prices and customers come from the hub as one file.")
        return Pill("loading", "good", "package", label, happened, (go_on,))
    if loading.problem in {"web_unreachable", "no_address", "not_secure"}:
        happened = _("The hub's web is not reachable: goods and customers come slowly over the link.")
        return Pill("loading", "look", "package", label, happened, (go_on, support))
    if loading.problem:
        happened = _("The hub's file cannot be used: goods and customers come slowly over the link.")
        return Pill("loading", "look", "package", label, happened, (go_on, support))
    happened = _("Goods, prices and customers come from the hub over the link.")
    return Pill("loading", "good", "package", label, happened, (go_on,))


def progress_percent(link: LinkView) -> int | None:
    """What the bar shows: a load first, else how much of a long backlog is sent; None for no bar."""
    if link.loading is not None:
        return link.loading.percent
    if link.to_send_in_all:
        return 100 * (link.to_send_in_all - link.backlog) // link.to_send_in_all
    return None
