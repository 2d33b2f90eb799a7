"""What the words of money mean to a person, in her language: outcomes, why, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.admin.words import Words
from hub.storage.money_records import Action, FoundBy, Line, Note, Outcome

OUTCOMES: Mapping[Outcome, tuple[str, Callable[[Words], str]]] = {
    "missing_here": ("bad", lambda words: words.say("no sale here")),
    "missing_there": ("bad", lambda words: words.say("no payment there")),
    "amount_differs": ("bad", lambda words: words.say("amounts differ")),
    "refund_of": ("bad", lambda words: words.say("refund only there")),
    "fee_differs": ("warn", lambda words: words.say("fee differs")),
    "pending": ("info", lambda words: words.say("not done yet")),
    "matched": ("", lambda words: words.say("agrees")),
    "void": ("none", lambda words: words.say("came to nothing")),
}

_NOTES: Mapping[Note, Callable[[Words], str]] = {
    "no_sale": lambda words: words.say("The till has the money, but no receipt."),
    "tried_unknown": lambda words: words.say("A till tried this payment and never heard how it ended."),
    "tried_declined": lambda words: words.say("A till tried this payment and was told no."),
    "tried_cancelled": lambda words: words.say("A till tried this payment and gave it up."),
    "provider_failed": lambda words: words.say("The provider says that the payment failed."),
    "provider_cancelled": lambda words: words.say("The provider says that the payment was cancelled."),
    "same_reference": lambda words: words.say("Another payment has the same reference: perhaps it was charged twice."),
    "unmapped": lambda words: words.say("The provider's location belongs to no store yet."),
    "may_come": lambda words: words.say("The provider may still tell of it: up to three days late."),
}
_OUTCOME_MEANS: Mapping[Outcome, Callable[[Words], str]] = {
    "missing_here": lambda words: words.say("The provider has a payment that no receipt of a till belongs to."),
    "missing_there": lambda words: words.say("A till took this, and the provider has no payment for it."),
    "amount_differs": lambda words: words.say("It is one payment, but the till and the provider have two amounts."),
    "refund_of": lambda words: words.say("The provider gave money back that no till knows of."),
    "fee_differs": lambda words: words.say("The fee is not what your rule says."),
    "pending": lambda words: words.say("The provider has not decided yet."),
    "matched": lambda words: words.say("Till and provider agree."),
    "void": lambda words: words.say("It failed or was cancelled, and nobody here counts on it."),
}
_FOUND_BY: Mapping[FoundBy, Callable[[Words], str]] = {
    "reference": lambda words: words.say("by its reference"),
    "refund": lambda words: words.say("by the receipt that it gives back of"),
    "amount_and_time": lambda words: words.say("by amount and time"),
}
ACTIONS: Mapping[Action, Callable[[Words], str]] = {
    "import_sale": lambda words: words.say("Sale entered at a till"),
    "enter_refund": lambda words: words.say("Refund entered at a till"),
    "give_back": lambda words: words.say("Money given back"),
    "ask_cashier": lambda words: words.say("Cashier is asked"),
    "ask_provider": lambda words: words.say("Provider is asked"),
    "map_location": lambda words: words.say("Location is being mapped"),
    "wait": lambda words: words.say("We wait"),
    "settled": lambda words: words.say("Settled by hand"),
}
_REMEDIES: Mapping[Action, Callable[[Words], str]] = {
    "import_sale": lambda words: words.say("Enter the sale at a till, paid by card with this reference."),
    "enter_refund": lambda words: words.say("Enter the refund at a till."),
    "give_back": lambda words: words.say("Give the money back in the provider's own pages."),
    "ask_cashier": lambda words: words.say("Ask the cashier what happened at that time."),
    "ask_provider": lambda words: words.say("Ask the provider."),
    "map_location": lambda words: words.say("Map the location to a store."),
    "wait": lambda words: words.say("Wait: it may still come."),
    "settled": lambda words: words.say("Settle it by hand, with a word why."),
}


def outcome_words(words: Words) -> dict[Outcome, tuple[str, str]]:
    """Tone and text of each outcome, in the order in which they are shown."""
    return {outcome: (tone, text(words)) for outcome, (tone, text) in OUTCOMES.items()}


def meaning(words: Words, line: Line) -> str:
    """What happened, and why it may be so, in a sentence or two."""
    parts = [_OUTCOME_MEANS[line.outcome](words)]
    if line.note:
        parts.append(_NOTES[line.note](words))
    return " ".join(parts)


def short_note(words: Words, line: Line) -> str:
    """Why, for a table's cell; "" where the outcome says it all."""
    return _NOTES[line.note](words) if line.note else ""


def found_by(words: Words, line: Line) -> str:
    """How the two sides were found to be one; "" for one side alone."""
    return _FOUND_BY[line.found_by](words) if line.found_by else ""


def action_words(words: Words, action: str) -> str:
    """A decision in words; that of a newer hub as it stands."""
    known = {str(name): text for name, text in ACTIONS.items()}
    return known[action](words) if action in known else words.say("Taken back") if action == "undone" else action


def remedy_words(words: Words, action: Action) -> str:
    """What to do."""
    return _REMEDIES[action](words)
