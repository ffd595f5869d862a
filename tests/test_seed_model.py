"""The shipped checkpoint, and the recipe that makes it."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

from webapprentice.seed import PATH

sys.path.insert(0, str(Path(__file__).parent.parent / "recipes"))

pytestmark = pytest.mark.models
PROMPT = "page :\ntext Name\ntextbox Name [7]\ngoal : type bob as your name\nact :"
ANSWER = "type textbox Name [7] = bob"


def test_the_template_gives_the_prompt_a_space_the_answer_and_the_end() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(PATH)
    turns = [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": ANSWER}]
    whole = tokenizer.apply_chat_template(turns, tokenize=False)
    assert whole == f"{PROMPT} {ANSWER}<eos>"
    assert tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True) == PROMPT
    assert tokenizer(whole)["input_ids"][: len(tokenizer(PROMPT)["input_ids"])] == tokenizer(PROMPT)["input_ids"]
    assert tokenizer.decode(tokenizer(whole)["input_ids"]) == whole


def test_ids_and_digits_are_single_tokens() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(PATH)
    assert all(len(tokenizer(f" [{node}]")["input_ids"]) == 1 for node in range(512))
    assert len(tokenizer("2024")["input_ids"]) == 4


def test_the_checkpoint_is_small_and_answers() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    assert (PATH / "model.safetensors").stat().st_size <= 8_000_000
    model, tokenizer = AutoModelForCausalLM.from_pretrained(PATH), AutoTokenizer.from_pretrained(PATH)
    assert model.config.vocab_size == len(tokenizer)
    inputs = tokenizer("page :\nbutton Save [3]\nbutton Leave [5]\ngoal : press Leave\nact :", return_tensors="pt")
    with torch.no_grad():
        said = model.generate(**inputs, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    assert said[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(said, skip_special_tokens=True).startswith(" click ")


def test_a_packed_page_reads_like_each_instruction_alone() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from seed.corpus import corpus
    from seed.packing import collate, pack
    from seed.reading import hidden

    model, tokenizer = AutoModelForCausalLM.from_pretrained(PATH), AutoTokenizer.from_pretrained(PATH)
    samples = list(corpus(3, 3))
    packed = pack(samples, tokenizer)
    with torch.no_grad():
        rows = hidden(model, collate(packed, Random(1), (0.0, 0.0)))
        row = sum(len(item.page) for item in packed)
        item, size = packed[0], len(packed[0].page)
        for (ask, said), text in zip(zip(item.asks, item.says, strict=True), samples[0].blocks, strict=True):
            ids = item.page + ask + said
            assert ids == tokenizer(f"{samples[0].page}\n{text[0]} {text[1]}<eos>")["input_ids"]
            alone = model.model(input_ids=torch.tensor([ids])).last_hidden_state[0, size:]
            assert torch.allclose(alone, rows[row : row + len(alone)], atol=1e-3)
            row += len(alone)


@pytest.mark.slow
def test_the_recipe_makes_a_checkpoint(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    import seed_model

    assert seed_model.main(["--quick", "--out", str(tmp_path)]) == 0
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.vocab_size == len(
        AutoTokenizer.from_pretrained(tmp_path)
    )
    assert "never seen a MiniWoB++" in (tmp_path / "README.md").read_text()
