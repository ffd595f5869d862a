"""Lines counted once give the tokens of the whole text, or are not counted apart at all."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from webapprentice.models.lines import LineCounter
from webapprentice.models.places import folder_of

SEED = Tokenizer.from_file(str(folder_of("seed") / "tokenizer.json"))
COUNTER = LineCounter(SEED)


def whole(text: str) -> int:
    return len(SEED.encode(text, add_special_tokens=False).ids)


TEXTS = st.lists(
    st.sampled_from(["\n", "\r", " ", "\t", "a", "é", "7", "<", ">", "\u0301", "漢", "node", '="']), max_size=40
)


@given(st.one_of(TEXTS.map("".join), st.text(max_size=60)))
def test_the_sum_of_the_lines_is_the_whole(text: str) -> None:
    assert COUNTER(text) == whole(text)
    assert COUNTER(text + "\n" + text) == whole(text + "\n" + text)


def test_this_tokenizer_is_counted_by_lines_and_remembers_within_bounds() -> None:
    assert COUNTER.additive
    counter = LineCounter(SEED, remember=10)
    texts = ["\n".join(f"line {number} of {start}" for number in range(8)) for start in range(5)]
    assert [counter(text) for text in texts] == [whole(text) for text in texts]
    assert len(counter._known) <= 10


@pytest.fixture
def spanning() -> Callable[[str], int]:
    """A tokenizer that knows `>` + line break + `<` as one token."""
    made = Tokenizer(
        models.BPE(vocab={">": 0, "\n": 1, "<": 2, ">\n": 3, ">\n<": 4, "x": 5}, merges=[(">", "\n"), (">\n", "<")])
    )
    made.pre_tokenizer = pre_tokenizers.Split(" ", "isolated")
    return LineCounter(made)


def test_a_tokenizer_whose_tokens_span_lines_is_asked_for_the_whole(spanning: LineCounter) -> None:
    assert not spanning.additive
    assert spanning("x>\n<x") == 3


def test_the_lines_of_an_indented_tree_are_remembered_too() -> None:
    tree = "RootWebArea 'Shop'\n" + "".join(f"\t\t[{number}] link 'Item {number}'\n" for number in range(300))
    counter = LineCounter(SEED)
    assert counter(tree) == whole(tree)
    assert len(counter._known) == 301


def test_where_a_word_holds_a_line_break_and_an_indent_only_other_lines_are_counted_apart() -> None:
    made = Tokenizer.from_str(SEED.to_str())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # as GPT-2's
    counter = LineCounter(made)
    for text in ("a\n\tb\nc", "a\n  b\n\n\t\tc d\ne"):
        assert counter(text) == len(made.encode(text, add_special_tokens=False).ids)
    assert counter.additive
    assert "a\n\tb\n" in counter._known
