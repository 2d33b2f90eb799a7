"""What the cashier reads after an order: one sentence for each notice that the counter can give.

`detail` is what was read, or the name of what it was done to. A code that has no sentence here is shown as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from edge_agent.pages.speech import Speech


@lru_cache(maxsize=8)
def sentences(speech: Speech) -> dict[str, str]:
    """All sentences, with %(detail)s and %(total)s still to be filled in."""
    _ = speech.gettext
    return {**_selling(_), **_people(_), **_paying(_), **_working(_)}


def _selling(_: Callable[[str], str]) -> dict[str, str]:
    """What was scanned, and what is on the receipt."""
    return {
        "line_added": _("Added: %(detail)s"),
        "line_voided": _("Taken off: %(detail)s"),
        "unknown_code": _("No item has the code %(detail)s. Scan again or type it."),
        "bad_check_digit": _("The code %(detail)s is damaged: its check digit is wrong. Scan again."),
        "card_number_refused": _("That looked like a bank card's number. It was not kept. Scan the goods instead."),
        "unreadable_scan": _("The scanner sent something unreadable. Scan again."),
        "bad_quantity": _("“%(detail)s” is not a quantity. Type a number such as 2 or 0.642."),
        "not_whole_packs": _("%(detail)s is sold in whole packs. Type a whole number."),
        "cart_full": _("This receipt is full. Take the money and start another."),
        "not_priced": _("%(detail)s has a price in another currency. It cannot be sold here."),
        "stock_negative": _("More was sold than the books had: %(detail)s. Count this shelf soon."),
        "line_is_fixed": _("This line is fixed: its price is on its label or on an old receipt. Take it off instead."),
        "held": _("Held: %(detail)s"),
        "recalled": _("Back on the screen: %(detail)s"),
        "nothing_held": _("That receipt is not held any more."),
        "cart_not_empty": _("Finish or hold the receipt on the screen first."),
        "cart_voided": _("The whole receipt was voided."),
        "cut_set": _("Discount: %(detail)s"),
        "cut_bounded": _("Added: %(detail)s. The receipt's discount stays the amount that was allowed."),
        "cut_too_much": _("A discount cannot be more than the price."),
        "coupon_taken": _("Coupon taken: %(detail)s"),
        "coupon_unknown": _("No promotion knows the coupon %(detail)s."),
        "note_set": _("The note was kept."),
        "customer_set": _("Customer: %(detail)s"),
        "customer_unknown": _("No customer has that phone number, e-mail or card."),
        "customer_saved": _("Saved: %(detail)s"),
        "customer_taken": _("That belongs to another customer: %(detail)s. Nothing was changed."),
        "customer_dropped": _("No customer on this receipt."),
        "expired": _("%(detail)s is past its date. Do not sell it: put it aside."),
        "nothing_to_repeat": _("There is nothing to repeat yet."),
        "asks_first": _("The till asks first: %(detail)s"),
        "answered": _("Thank you, go on."),
        "price_set": _("Price: %(detail)s"),
        "serial_doubled": _("This serial number is on the receipt already. Scan the one of the next piece."),
        "held_full": _("Too many receipts are held. Recall or void some first."),
        "receipt_scanned": _("That is receipt %(detail)s."),
        "voucher_scanned": _("That is voucher %(detail)s. It counts when the customer pays."),
        "age_refused": _("Taken off because of the age: %(detail)s"),
        "may_not": _("%(detail)s may not allow this either. Ask somebody else."),
        "report_printed": _("%(detail)s is being printed."),
    }


def _people(_: Callable[[str], str]) -> dict[str, str]:
    """Who is at the till, the shift and the drawer, and the till itself."""
    return {
        "disk_full": _("This till's disk is full, so it cannot sell. Call your support now."),
        "trouble_read": _("Thank you. Support can still find it in the till's folder."),
        "stale_page": _("That page was out of date; nothing was done twice. This is the state of now."),
        "journal_broken": _("This till cannot write its journal, so it cannot sell. Call your support now."),
        "order_failed": _("The till could not do that; nothing was changed. If it happens again, call your support."),
        "bad_input": _("That was not complete or not understood (%(detail)s). Nothing was changed."),
        "approval_needed": _("Somebody who may allow this types a PIN."),
        "approved": _("Allowed by %(detail)s."),
        "approval_dropped": _("Not allowed; nothing was changed."),
        "wrong_pin": _("That PIN is wrong. %(detail)s"),
        "pin_locked": _("Too many wrong PINs. Wait until %(detail)s, or ask somebody else."),
        "signed_in": _("Hello, %(detail)s."),
        "signed_out": _("Signed out. The receipt on the screen stays."),
        "sign_in_first": _("Sign in first: choose your name and type your PIN."),
        "shift_open_first": _("Open the shift first: count the cash in the drawer."),
        "shift_opened": _("Shift %(detail)s is open."),
        "shift_closed": _("Shift %(detail)s is closed; its Z report is printed."),
        "shift_not_open": _("No shift is open."),
        "shift_has_cart": _("Finish, hold or void the receipt on the screen first."),
        "cash_moved": _("Written down: %(detail)s"),
        "drawer_opened": _("The drawer opens; that was written down."),
        "no_printer": _("There is no printer that could do that. Set one up first."),
        "training_on": _("Training: nothing counts until it is switched off."),
        "training_off": _("Training is over. From now on everything counts."),
        "given_part": _("Given back: %(detail)s. The rest is still to give back."),
        "approval_missing": _("Type the approval code that the card terminal printed."),
        "payment_late": _("A transfer came in that pays nothing here: %(detail)s. See “late transfers”."),
        "late_answered": _("Written down; that transfer is dealt with."),
        "qr_printed": _("The code to pay by is printed."),
    }


def _paying(_: Callable[[str], str]) -> dict[str, str]:
    """Money, and receipts that were paid."""
    return {
        "nothing_to_pay": _("There is nothing to pay yet. Scan the first item."),
        "not_enough_cash": _("That is not enough. %(total)s is to be paid."),
        "bad_amount": _("“%(detail)s” is not an amount. Type digits only."),
        "sale_done": _("Paid. Receipt %(detail)s."),
        "receipt_unknown": _(
            "No receipt %(detail)s is known here. Check it, or let a supervisor take the goods back without one."
        ),
        "already_returned": _("All of that was given back already: %(detail)s"),
        "return_added": _("Comes back: %(detail)s"),
        "reprinted": _("Receipt %(detail)s is printed again, marked as a reprint."),
        "gift_printed": _("A gift receipt without prices is printed."),
        "paid_part": _("Taken: %(detail)s. The rest is still to pay."),
        "payment_dropped": _("That payment was taken back."),
        "payment_open": _("A payment is under way. Finish it or give it up first."),
        "too_much_paid": _("That is more than what is left to pay."),
        "voucher_unknown": _("The voucher %(detail)s is not known here."),
        "voucher_empty": _("Nothing is left on the voucher %(detail)s, or it has expired."),
        "no_customer": _("Choose the customer first (F4)."),
        "account_paid": _("Paid into the account. Receipt %(detail)s."),
        "qr_waiting": _("The customer scans the code with the banking app."),
        "qr_paid": _("The transfer came in: %(detail)s"),
        "qr_not_ready": _("VietQR is not set up: the hub's store settings need a bank account."),
        "card_approved": _("The card was approved."),
        "card_charged_less": _("The card paid only %(detail)s; the rest is still to be paid."),
        "card_waiting": _("The terminal asks for the card."),
        "card_not_ready": _("The card terminal could not be reached; nothing was charged. Type the approval by hand."),
        "card_declined": _("The card was declined. Try another way to pay."),
        "card_unknown": _("It is not known whether the card was charged. Look at the terminal, then answer."),
        "not_while_paying": _("Money was already taken. Finish paying, or take the payment back first."),
    }


def _working(_: Callable[[str], str]) -> dict[str, str]:
    """The scale, and work with goods that is no sale."""
    return {
        "work_started": _("Scan the goods; they go to this list and not to a receipt."),
        "work_dropped": _("That work was given up; nothing was written down."),
        "work_done": _("Written down: %(detail)s"),
        "work_line": _("Counted: %(detail)s"),
        "work_waits": _("That work waits. Scans go to the receipt again."),
        "work_unknown": _("Nothing is known here of %(detail)s. Check the number."),
        "work_enough": _("%(detail)s: that is all of it already."),
        "work_announced": _("%(detail)s was announced, so it stays on the list; its quantity may be 0."),
        "work_empty": _("The list is empty. Scan the goods first."),
        "work_full": _("This list is full. Finish it and begin another."),
        "not_in_work": _("%(detail)s does not belong to this order. Put it back."),
        "partner_missing": _("To which store does it go? Write its name."),
        "reason_missing": _("Give a reason first."),
        "pick_first": _("Gather %(detail)s first, then hand it over."),
        "ticket_printed": _("The ticket of %(detail)s is printed."),
        "work_pack": _("A pack counts as what is in it: %(detail)s"),
        "work_bundle": _("A bundle is not on a shelf itself. Scan what is in it. %(detail)s"),
        "pack_unknown": _("%(detail)s is a pack of goods that this till does not know. Scan the pieces."),
        "lot_missing": _("Which lot, and good until when? %(detail)s"),
        "bad_date": _("“%(detail)s” is not a date. Type the day first, such as 31/12/2026."),
        "lot_set": _("Lot: %(detail)s"),
        "weight_moving": _("The scale is still moving. Wait until it stands still."),
        "weight_stale": _("The scale does not answer. Check its cable, or type the weight."),
        "weight_missing": _("%(detail)s is sold by weight. Put it on the scale, or type the weight."),
    }
