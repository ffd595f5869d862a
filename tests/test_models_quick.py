"""Counting by tiktoken gives the tokenizer's own counts, or is not done."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from webapprentice.models import lines
from webapprentice.models.lines import LineCounter
from webapprentice.models.places import folder_of
from webapprentice.models.quick import _BLANKS, quick

SEED = Tokenizer.from_file(str(folder_of("seed") / "tokenizer.json"))
LLAMA = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
WORDS = ["<div class='row'>caffè 12345 can't</div>\n", "the thing that they thought through\n", "漢字 かな 😀\n"] * 40


def trained(pattern: str = "", composed: bool = False, added: tuple[str, ...] = ()) -> Tokenizer:
    made = Tokenizer(models.BPE())
    if composed:
        made.normalizer = normalizers.NFC()
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not pattern)
    cut = pre_tokenizers.Split(Regex(pattern), "isolated") if pattern else None
    made.pre_tokenizer = pre_tokenizers.Sequence([cut, whole]) if cut else whole
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(WORDS, trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False))
    made.add_tokens(list(added))
    return made


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "seed": lambda: SEED,
    "GPT-2's way": trained,
    "Llama 3's way": lambda: trained(LLAMA, added=("<|begin|>", "<|end|>")),
    "Qwen's way": lambda: trained(LLAMA.replace("{1,3}", ""), composed=True, added=("<|im_start|>", "<tool_call>")),
}
COUNTERS = {name: (make(), quick(make())) for name, make in KINDS.items()}


@pytest.mark.parametrize("name", COUNTERS)
def test_these_are_counted_quickly(name: str) -> None:
    assert COUNTERS[name][1] is not None


@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(
            st.sampled_from(
                [
                    "\n",
                    "\r",
                    "  ",
                    "\t",
                    "e\u0301",
                    "7",
                    "1234",
                    "<|end|>",
                    "<|im_start|>",
                    "<tool_call>",
                    "[21]",
                    "it's",
                ]
            ),
            max_size=30,
        ).map("".join),
    )
)
def test_the_counts_are_the_tokenizers_own(text: str) -> None:
    for tokenizer, count in COUNTERS.values():
        assert count is not None
        assert count([text]) == [len(tokenizer.encode(text, add_special_tokens=False).ids)]


@pytest.mark.parametrize(
    "text", [" " * 10**6, "\n" * 10**6, "a" * 10**6, "ab \t" * 10**5, "\u0301" * 10**5, "  \n" * 10**5]
)
def test_texts_of_one_thing_are_counted_as_any_other(text: str) -> None:
    tokenizer, count = COUNTERS["Qwen's way"]
    assert count is not None
    assert count([text]) == [len(tokenizer.encode(text, add_special_tokens=False).ids)]


def test_long_white_space_is_looked_for_once() -> None:
    text = (" " * 4999 + "x") * 3
    assert _BLANKS.search(text) is None
    assert _BLANKS.search(text + " " * 5000) is not None
    tokenizer, count = COUNTERS["seed"]
    assert count is not None
    assert count([text]) == [len(tokenizer.encode(text, add_special_tokens=False).ids)]
    assert _BLANKS.pattern.startswith("(?<!")  # else every blank of a run begins a search of its own


def other(change: Callable[[dict[str, object]], object]) -> Tokenizer:
    form = json.loads(trained().to_str())
    change(form)
    return Tokenizer.from_str(json.dumps(form))


def test_what_does_more_than_bytes_and_merges_is_left_to_the_tokenizer() -> None:
    assert quick(other(lambda form: form.update(normalizer={"type": "Lowercase"}))) is None
    assert quick(other(lambda form: form["pre_tokenizer"].update(add_prefix_space=True))) is None  # type: ignore[attr-defined]
    assert quick(other(lambda form: form.update(pre_tokenizer={"type": "Whitespace"}))) is None
    assert quick(other(lambda form: form.update(pre_tokenizer={"type": "Sequence", "pretokenizers": []}))) is None
    assert quick(other(lambda form: form.update(pre_tokenizer=None))) is None
    assert quick(other(lambda form: form["model"].update(unk_token="a"))) is None  # type: ignore[attr-defined]
    assert quick(other(lambda form: form["model"].update(ignore_merges=True))) is not None  # type: ignore[attr-defined]
    unmade = {"ignore_merges": True}
    assert quick(other(lambda form: form["model"].update(unmade) or form["model"]["vocab"].update(zzzz=5000))) is None  # type: ignore[attr-defined,index]
    cutting = trained()
    cutting.enable_truncation(20)
    assert quick(cutting) is None
    stripping = trained()
    stripping.add_tokens([AddedToken("<x>", lstrip=True)])
    assert quick(stripping) is None
    assert quick(trained(added=("<a", "<a>"))) is None
    assert quick(Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))) is None


def test_one_difference_is_enough_to_do_without() -> None:
    # "abc" is a token that only "ab" and "c" make, but "b" and "c" come first: the tokenizer stops at "a", "bc".
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    vocabulary = {sign: number for number, sign in enumerate([*sorted(alphabet), "bc", "ab", "abc"])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[("b", "c"), ("a", "b"), ("ab", "c")]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    assert len(made.encode("abc").ids) == 2
    assert quick(made) is None


def test_a_line_counter_turns_to_it_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_WORTH", 1000)
    counter = LineCounter(SEED)
    texts = ["".join(f"line {n} of {start}, é\n" for n in range(20)) for start in range(10)]
    assert [counter(text) for text in texts] == [len(SEED.encode(text, add_special_tokens=False).ids) for text in texts]
    assert counter._quick is not None
