"""Why a level is what it is, in sentences: for the page and for the command. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.admin.words import MINUS, Words
from hub.stock.explain import Step
from hub.stock.safety import Rule
from hub.storage.reading_stock import Explanation

KINDS: Mapping[str, Callable[[Words], str]] = {
    "sale": lambda words: words.say("sold"),
    "refund": lambda words: words.say("came back"),
    "receive": lambda words: words.say("received"),
    "adjust": lambda words: words.say("booked in or out by hand"),
    "transfer_out": lambda words: words.say("sent to another store"),
    "transfer_in": lambda words: words.say("came from another store"),
    "count": lambda words: words.say("counted"),
    "fulfil": lambda words: words.say("handed over to web customers"),
}
REASONS: Mapping[str, Callable[[Words], str]] = {
    "opening": lambda words: words.say("opening stock"),
    "set": lambda words: words.say("set at the office"),
}


def kind_word(words: Words, kind: str) -> str:
    """What a kind of movement is called."""
    return KINDS[kind](words) if kind in KINDS else kind


def reason_word(words: Words, reason: str) -> str:
    """Why the hub itself moved stock."""
    return REASONS[reason](words) if reason in REASONS else reason


def signed(words: Words, quantity: int) -> str:
    """A difference with its sign."""
    text = words.quantity(quantity)
    return text if text.startswith(MINUS) or not quantity else f"+{text}"


def why(words: Words, found: Explanation, zone_name: str) -> list[str]:
    """The sentences: what the level stands on, what came since, what the count had seen, and what of it is offered."""
    return [*_ledger(words, found, zone_name), *_offered(words, found)]


def _ledger(words: Words, found: Explanation, zone_name: str) -> list[str]:
    counted = found.counted
    sentences: list[str] = []
    if counted is None:
        sentences.append(words.say("Nobody has counted this here yet: the level is all that has moved, added up."))
    else:
        at, quantity = words.day_time(counted.at, zone_name), words.quantity(counted.delta)
        sentences.append(
            words.say("%(by)s counted %(quantity)s on %(at)s.", by=counted.by, quantity=quantity, at=at)
            if counted.by
            else words.say("The office set it to %(quantity)s on %(at)s.", quantity=quantity, at=at)
        )
    moves = "; ".join(
        f"{kind_word(words, kind)} {signed(words, moved.delta)}" for kind, moved in found.since.items() if moved.times
    )
    if moves:
        sentences.append(
            words.say("Since then: %(moves)s.", moves=moves) if counted else f"{moves[:1].upper()}{moves[1:]}."
        )
    elif counted is not None:
        sentences.append(words.say("Nothing has moved since then."))
    if found.late.times:
        sentences.append(
            words.say_many(
                "%(count)s movement (%(quantity)s) of before that count came after it; the count had seen it, so it "
                "changes nothing.",
                "%(count)s movements (%(quantity)s) of before that count came after it; the count had seen them, so "
                "they change nothing.",
                found.late.times,
                quantity=signed(words, found.late.delta),
            )
        )
    sentences.append(words.say("So %(quantity)s is on hand.", quantity=words.quantity(found.on_hand)))
    return sentences


def _offered(words: Words, found: Explanation) -> list[str]:
    sentences: list[str] = []
    if found.reserved:
        keys = ", ".join(held.key for held in found.held[:3]) + (" …" if len(found.held) > 3 else "")  # noqa: PLR2004
        sentences.append(
            words.say("%(quantity)s is promised (%(keys)s).", quantity=words.quantity(found.reserved), keys=keys)
        )
    if found.safety:
        sentences.append(
            words.say(
                "%(quantity)s is kept back as safety stock (%(rule)s).",
                quantity=words.quantity(found.safety), rule=rule_scope(words, found.rule),
            )
        )  # fmt: skip
    if found.buffer:
        sentences.append(
            words.say(
                "%(quantity)s is held back because a till here cannot be heard and goes on selling.",
                quantity=words.quantity(found.buffer),
            )
        )
    if found.expired:
        sentences.append(
            words.say("%(quantity)s has expired and is not offered.", quantity=words.quantity(found.expired))
        )
    if found.coming:
        total = sum(coming.quantity for coming in found.coming)
        sentences.append(words.say("%(quantity)s is on its way here.", quantity=words.quantity(total)))
    sentences.append(words.say("The web may sell %(quantity)s of it.", quantity=words.quantity(found.available)))
    return sentences


def rule_scope(words: Words, rule: Rule | None) -> str:
    """What a rule is for."""
    if rule is None:
        return ""
    what = rule.sku or rule.category or words.say("everything")
    return f"{what} · {rule.store}" if rule.store else what


def as_text(words: Words, found: Explanation, zone_name: str, *, next_page: int, shown: int) -> list[str]:
    """All of an explanation as lines of text, columns parted by tabs; `shown` lines were on the pages before."""
    lines = [_row(words, step, zone_name) for step in reversed(found.steps)]
    shown += len(found.steps)
    if shown < found.total:
        values = {"page": next_page, "shown": words.number(shown), "total": words.number(found.total)}
        lines.insert(0, words.say("… older ones: --page %(page)s (%(shown)s of %(total)s shown)", **values))
    for level in found.lots:
        if level.lot.name or level.lot.expires:
            day = level.lot.expires.isoformat() if level.lot.expires else "-"
            lines.append("\t".join([words.say("Lot"), level.lot.name or "-", day, words.quantity(level.quantity)]))
    lines += ["\t".join([words.say("Reserved"), held.key, words.quantity(held.quantity)]) for held in found.held]
    lines += [
        "\t".join([words.say("On the way"), coming.transfer, coming.from_store, words.quantity(coming.quantity)])
        for coming in found.coming
    ]
    return [*lines, " ".join(why(words, found, zone_name))]


def _row(words: Words, step: Step, zone_name: str) -> str:
    entry = step.entry
    lot = " ".join(filter(None, [entry.lot, entry.expires.isoformat() if entry.expires else ""]))
    columns = [
        words.day_time(entry.at, zone_name), kind_word(words, entry.kind), delta_of(words, step),
        words.quantity(step.level), entry.document or reason_word(words, entry.reason), entry.by, entry.source, lot,
        words.say("seen by the count already") if step.seen_before else "",
    ]  # fmt: skip
    return "\t".join(columns).rstrip()


def delta_of(words: Words, step: Step) -> str:
    """What a movement did: a difference, or what a count found."""
    return f"= {words.quantity(step.entry.delta)}" if step.entry.kind == "count" else signed(words, step.entry.delta)
