"""Names and queries become the same words, however they were written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.replica.search.query import (
    KEY_LETTERS,
    Query,
    mistakes_between,
    mistyped_keys,
    read_query,
)
from edge_agent.replica.search.words import (
    WORD_LETTERS_MAX,
    WORDS_MAX,
    fold,
    has_marks,
    marked_words_of,
    words_of,
    words_of_item,
)

LETTERS = "abcdeghiklmnopqrstuvxy"
WORDS = st.text(LETTERS, min_size=3, max_size=14)


@given(st.text())
def test_composed_and_decomposed_text_is_the_same(text: str) -> None:
    """A catalogue from a Mac comes in NFD; what a cashier types is NFC."""
    assert words_of(unicodedata.normalize("NFD", text)) == words_of(unicodedata.normalize("NFC", text))


@given(st.text())
def test_words_are_bounded_and_safe_for_the_index(text: str) -> None:
    """Letters, digits and points, so that nothing typed is ever taken for a sign of the query language."""
    words = words_of(text)
    assert len(words) <= WORDS_MAX
    for word in words:
        assert 1 <= len(word) <= WORD_LETTERS_MAX
        assert word.replace(".", "a").isalnum()
        assert word == fold(word)


@given(st.text())
def test_case_does_not_matter(text: str) -> None:
    """Shouting is the same name."""
    assert words_of(text.upper().lower()) == words_of(text.lower())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Sữa tươi tiệt trùng Vinamilk 1 Lít", "sua tuoi tiet trung vinamilk 1l"),
        ("ĐƯỜNG trắng Biên Hòa 1KG", "duong trang bien hoa 1kg"),
        ("Bia Tiger thùng 24 lon x 330 ml", "bia tiger thung 24 lon x 330ml"),
        ("Lốc 4\N{MULTIPLICATION SIGN}180ml", "loc 4 180ml"),
        ("Lốc 4 x 180ml", "loc 4 180ml"),
        ("Nước suối 1,5L", "nuoc suoi 1.5l"),
        ("Nước suối 1.50 lít", "nuoc suoi 1.5l"),
        ("Gạo 1.000 gr", "gao 1000g"),
        ("Cà phê G7 3in1", "ca phe g7 3in1"),
        ("7 Up", "7 up"),
        ("  -- ", ""),
        ("Pin AA 2 viên", "pin aa 2 vien"),
    ],
)
def test_words_by_example(name: str, words: str) -> None:
    """Marks, units and the ways to write a number."""
    assert " ".join(words_of(name)) == words


def test_what_a_sign_holds_together_may_be_typed_as_one() -> None:
    """P/S, Coca-Cola and Lay's are typed without their signs; the brand counts where the name leaves it out."""
    assert words_of_item("Kem đánh răng P/S", "P/S Unilever") == ("kem", "danh", "rang", "p", "s", "ps", "unilever")
    assert "cocacola" in words_of_item("Coca-Cola 330ml", "")
    assert "lays" in words_of_item("Snack Lay's", "")


def test_marks_are_kept_beside_the_folded_words() -> None:
    """So that who types them gets what she means first."""
    assert marked_words_of("SỮA Đặc 1 Lít") == ("sữa", "đặc", "1l")
    assert has_marks("sữa")
    assert not has_marks("SUA dac 1l")
    assert read_query("Sữa bò") == Query(("sua", "bo"), ("sữa", "bò"))
    assert read_query("sua bo").marked == ()


@given(WORDS, st.data())
def test_a_word_with_one_mistake_shares_a_key_with_the_right_one(word: str, data: st.DataObject) -> None:
    """A letter wrong, missing, too many, or two exchanged: found among the words that exist."""
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    wrong = data.draw(
        st.sampled_from(
            [
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place:],
                word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :],
            ]
        )
    )
    assert not mistyped_keys(wrong, 1).isdisjoint(mistyped_keys(word, 1))
    assert mistakes_between(wrong, word, 2) <= 1


@given(WORDS, WORDS)
def test_mistakes_are_counted_as_far_as_asked(typed: str, word: str) -> None:
    """Stopping early changes no answer that matters, and a beginning is no mistake."""
    exact = mistakes_between(typed, word, 100)
    assert min(mistakes_between(typed, word, 2), 3) == min(exact, 3)
    if len(word) > KEY_LETTERS:
        assert mistakes_between(word[:KEY_LETTERS], word, 2) == 0
