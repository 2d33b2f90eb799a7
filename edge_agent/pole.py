"""What a pole display shows the customer: the newest line, what is to pay, the change, a greeting. Pure."""

from __future__ import annotations

from edge_agent.devices.display.layout import Picture, change, item, total, welcome
from edge_agent.devices.printer.wording import amount_text, weight_text
from edge_agent.till.view import CounterView

_WORDS = {
    "vi": {"pay": "PHẢI TRẢ", "paid": "ĐÃ TRẢ", "change": "TIỀN THỪA", "hello": "XIN CHÀO", "left": "CÒN LẠI"},
    "en": {"pay": "TO PAY", "paid": "PAID", "change": "CHANGE", "hello": "WELCOME", "left": "STILL DUE"},
}


def pole_picture(view: CounterView) -> Picture:
    """The two lines for a view. The customer reads her own receipt only: nothing of who sells or of other works."""
    words, language, currency = _WORDS[view.language], view.language, view.currency

    def money(amount: int) -> str:
        return f"{amount_text(amount, currency, language)} {currency}"

    if view.payments:
        return total(words["left"], money(view.left))
    if view.lines:
        newest = view.lines[-1]
        quantity = "" if newest.quantity == 1_000 and not newest.weighed else weight_text(newest.quantity, "", language)  # noqa: PLR2004 - one piece
        if view.notice is not None and view.notice.code in {"line_added", "stock_negative"}:
            return item(newest.name, amount_text(newest.amount, currency, language), f"x{quantity}" if quantity else "")
        return total(words["pay"], money(view.total))
    if view.last_sale is not None:
        sale = view.last_sale
        return change(
            words["paid"], amount_text(sale.given, currency, language), words["change"],
            amount_text(sale.change, currency, language),
        )  # fmt: skip
    return welcome(words["hello"], view.store_name)
