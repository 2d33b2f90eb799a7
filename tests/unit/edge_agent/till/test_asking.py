"""Whatever is sold, whatever is answered: questions come to an end, and only the goods they are about may go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.asking import answer, asks_of, declined, open_question
from edge_agent.till.cart import Cart, Said, add_item, void_line
from protocol.documents import Item
from protocol.quantity import SCALE

ages = st.sampled_from([0, 16, 18, 21])
flags = st.booleans()
items = st.builds(
    Item, sku=st.sampled_from("abc"), name=st.just("x"), price=st.just(1_000), currency=st.just("VND"), min_age=ages,
    weighed=flags, open_price=flags, asks_lot=flags, asks_serial=flags,
)  # fmt: skip
baskets = st.lists(st.tuples(items, st.integers(1, 3)), min_size=1, max_size=6)


def filled(goods: list[tuple[Item, int]]) -> Cart:
    """A cart with these goods, nothing of them known."""
    cart = Cart(sale_id="s")
    for item, pieces in goods:
        asks = asks_of(item, cart.checked_age, ())
        quantity = 0 if "weight" in asks else pieces * SCALE
        after = add_item(cart, item, quantity, None, "VND", said=Said(asks=asks))
        assert isinstance(after, Cart)
        cart = after
    return cart


@given(baskets, st.data())
def test_questions_end(goods: list[tuple[Item, int]], data: st.DataObject) -> None:
    """Answering or declining what is asked first always ends in a cart that can be paid, with nothing else changed."""
    cart = filled(goods)
    for serial in range(200):
        question = open_question(cart)
        if question is None:
            break
        if data.draw(st.booleans()):
            text = {"age": "", "weight": "0,5", "price": "700", "lot": "L", "serial": f"S{serial}"}[question.kind]
            after = answer(cart, question.number, question.kind, text)
            assert isinstance(after, Cart)
            assert [line.number for line in after.lines] == [line.number for line in cart.lines]
        else:
            gone = declined(cart, question.number, question.kind)
            after = cart
            for line in gone:
                voided = void_line(after, line.number)
                assert isinstance(voided, Cart)
                after = voided
            if question.kind == "age":
                assert all(line.min_age >= question.years for line in gone)
            else:
                assert [line.number for line in gone] == [question.number]
        cart = after
    assert open_question(cart) is None
    for line in cart.lines:
        assert line.quantity > 0
        assert line.min_age <= cart.checked_age
        assert len(set(line.serials)) == len(line.serials)


@given(baskets)
def test_the_age_is_asked_first_and_for_the_oldest(goods: list[tuple[Item, int]]) -> None:
    """One question for the whole receipt, and none when no goods need it."""
    question = open_question(filled(goods))
    oldest = max(item.min_age for item, _ in goods)
    if oldest:
        assert question is not None
        assert (question.kind, question.years) == ("age", oldest)
    else:
        assert question is None or question.kind != "age"


@given(baskets, st.integers(-1, 9), st.sampled_from(["age", "weight", "price", "lot", "serial"]), st.text(max_size=50))
def test_no_answer_breaks_anything(goods: list[tuple[Item, int]], number: int, kind: str, text: str) -> None:
    """Any text for any line either is an answer or is refused by name; no line is ever lost to it."""
    cart = filled(goods)
    after = answer(cart, number, kind, text)  # type: ignore[arg-type] # one of the kinds, as a word
    if isinstance(after, Cart):
        assert len(after.lines) == len(cart.lines)
    else:
        assert after in {
            "stale_page", "bad_quantity", "bad_amount", "bad_input", "serial_doubled", "line_is_fixed",
            "card_number_refused",
        }  # fmt: skip
