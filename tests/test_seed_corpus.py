"""The seed model's corpus: the same each time, well-formed, and without a single MiniWoB++ objective."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from webapprentice.core.text import words

RECIPES = Path(__file__).parent.parent / "recipes"
sys.path.insert(0, str(RECIPES))

from seed.corpus import CLEAN, Noise, Sample, corpus  # noqa: E402
from seed.page import LAST_ID, MAX_LINES  # noqa: E402
from seed.plan import Plan  # noqa: E402

LITERAL = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`", re.S)
QUERY = re.compile(
    r"#?query['\"]\)\s*\.(?:html|text|append)\(|(?:query|utterance|question|instruction)\w*\s*\+?=[^=]", re.I
)
HANDLE = re.compile(r"\[(\d+)\]")


def samples(count: int = 300, seed: int = 11, noise: Noise = CLEAN) -> list[Sample]:
    return list(corpus(seed, count, noise))


def shipped(chunks: int) -> list[Sample]:
    """The beginning of the corpus that the shipped model has read."""
    plan = Plan()
    return [sample for chunk in range(chunks) for sample in corpus(plan.chunk_seed(chunk), plan.pages, plan.noise)]


def test_the_same_seed_gives_the_same_corpus() -> None:
    assert samples(40) == samples(40)
    assert samples(40) != samples(40, seed=12)


def test_every_action_points_at_a_line_of_its_page() -> None:
    for sample in samples():
        lines = sample.page.split("\n")[1:]
        assert 0 < len(lines) <= MAX_LINES
        for prompt, answer in sample.blocks:
            assert prompt.startswith("goal : ")
            assert prompt.endswith("\nact :")
            assert "\n" not in answer
            handles = {line[line.index("[") : line.index("]") + 1]: line for line in lines if HANDLE.search(line)}
            for found in HANDLE.finditer(answer):
                line = handles[found[0]]
                assert int(found[1]) <= LAST_ID
                assert line[: line.index("]") + 1] in answer


def test_a_few_answers_are_wrong_on_purpose_and_actions_are_judged() -> None:
    noisy = samples(noise=Noise())
    answers = Counter(answer for sample in noisy for prompt, answer in sample.blocks if prompt.endswith("right ?"))
    assert set(answers) == {"yes", "no"}
    assert 0.3 < answers["yes"] / answers.total() < 0.7


def test_stopping_is_rare() -> None:
    answers = [answer for sample in samples(800, noise=Noise()) for _, answer in sample.blocks]
    assert sum(answer.startswith("stop") for answer in answers) < 0.01 * len(answers)


def test_every_family_occurs() -> None:
    families = Counter(family for sample in samples(800) for family in sample.families)
    assert len(families) >= 28
    assert min(families.values()) >= 1


def statements(source: str) -> list[str]:
    """What is put into the objective, up to the end of each statement."""
    return [source[found.end() : found.end() + 400].split(";")[0] for found in QUERY.finditer(source)]


def template(statement: str) -> tuple[str, ...]:
    """The literal words of a statement in order, with `*` for whatever is filled in."""
    parts: list[str] = []
    end = 0
    for found in LITERAL.finditer(statement):
        if re.search(r"\w", statement[end : found.start()]):
            parts.append("*")
        text = re.sub(r"<[^>]*>", " ", next(group for group in found.groups() if group is not None))
        parts += [word for piece in re.split(r"\$\{[^}]*\}", text) for word in ["*", *words(piece)]][1:]
        end = found.end()
    if re.search(r"\w", statement[end:]):
        parts.append("*")
    return tuple(part for place, part in enumerate(parts) if part != "*" or parts[place - 1 : place] != ["*"])


def objectives() -> list[tuple[str, ...]]:
    """Every objective of the installed benchmark as a template with at least three words of its own."""
    spec = importlib.util.find_spec("miniwob")
    if spec is None or spec.origin is None:
        pytest.skip("the miniwob package is not installed")
    folder = Path(spec.origin).parent
    files = sorted([*folder.rglob("*.html"), *folder.rglob("*.js")])
    found = {
        template(statement)
        for file in files
        if file.stat().st_size < 200_000
        for statement in statements(file.read_text(encoding="utf-8", errors="replace"))
    }
    return sorted(parts for parts in found if sum(part != "*" for part in parts) >= 3)


def test_no_objective_of_the_benchmark_occurs() -> None:
    known = objectives()
    assert len(known) > 60
    patterns = [
        (parts, re.compile(" ".join(r"\S+(?: \S+){0,7}" if part == "*" else re.escape(part) for part in parts)))
        for parts in known
    ]
    anything = re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern in patterns))
    goals = {" ".join(words(goal)) for sample in shipped(3) for goal in sample.goals}
    assert len(goals) > 10_000
    same = [goal for goal in goals if anything.fullmatch(goal)]
    assert not same, same[:10]


def test_no_long_run_of_words_of_an_objective_occurs() -> None:
    def runs(parts: tuple[str, ...]) -> set[tuple[str, ...]]:
        return {parts[place : place + 6] for place in range(len(parts) - 5) if "*" not in parts[place : place + 6]}

    known = set().union(*(runs(parts) for parts in objectives()))
    assert len(known) > 100
    for sample in shipped(2):
        for goal in sample.goals:
            assert not runs(tuple(words(goal))) & known, goal
