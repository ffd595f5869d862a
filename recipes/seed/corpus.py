"""Everything put together: one page and several independent instructions on it, as one text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from seed import choices, forms, lists, press, views, words
from seed.page import MAX_LINES, Act, Block, Line, Page, spaced
from seed.words import pick

SCENES = (
    (2.2, press.things),
    (0.8, press.prose),
    (2.0, forms.form),
    (1.0, forms.login),
    (0.8, forms.twice),
    (0.7, forms.dated),
    (2.0, choices.boxes),
    (1.2, choices.radios),
    (1.5, choices.dropdowns),
    (0.4, choices.tiles),
    (2.0, views.sections),
    (1.3, views.menu),
    (0.9, views.dialog),
    (1.3, views.search),
    (0.8, views.paged),
    (0.7, views.suggestions),
    (0.7, views.calendar),
    (1.1, lists.table),
    (0.8, lists.facts),
    (0.5, lists.numbers),
    (0.5, lists.steppers),
    (1.2, lists.mail),
    (0.8, lists.posts),
)
FAILURES = ("covered", "stale", "unsuitable", "late", "hidden")
END = "<eos>"


@dataclass(frozen=True, slots=True)
class Noise:
    """How much of the corpus is wrong on purpose."""

    usual: float = 0.04
    bad: float = 0.30
    bad_share: float = 0.2
    checks: float = 0.1
    """Share of the blocks that ask whether an action was right."""
    flipped: float = 0.1
    """Share of those answered wrongly."""


CLEAN = Noise(usual=0.0, bad=0.0, bad_share=0.0, checks=0.0, flipped=0.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """One page with its blocks, as text."""

    page: str
    blocks: tuple[tuple[str, str], ...]
    """Prompt part (from `goal :` to `act :`) and answer."""
    families: tuple[str, ...]
    goals: tuple[str, ...] = field(default=())


def imagine(rng: Random) -> Page:
    """One page: a scene, perhaps another, bars and clutter."""
    page = Page()
    scenes = [scene for _, scene in SCENES]
    weights = [weight for weight, _ in SCENES]
    count = pick(rng, [1, 1, 1, 1, 2])
    for index, scene in enumerate(rng.choices(scenes, weights, k=count)):
        part = Page()
        scene(rng, part)
        if index and len(page.lines) + len(part.lines) > 26:
            continue
        part.lines[:] = part.lines[:MAX_LINES]
        page.lines += part.lines
        page.askers += part.askers
    if rng.random() < 0.12:
        press.bars(rng, page)
    if len(page.lines) < 28:
        press.scatter(rng, page)
    page.ask("press by name", 0.9, lambda inner: press.by_name(inner, page))
    page.ask("press by role", 0.25, lambda inner: press.by_role(inner, page))
    page.ask("press by place", 0.3, lambda inner: press.by_place(inner, page))
    page.number(rng)
    return page


def present(page: Page, act: Act) -> bool:
    """Whether what the action points at is on the page (long pages are cut)."""
    return all(line is None or line in page.lines for line in (act.target, act.to))


def spoiled(rng: Random, page: Page, block: Block) -> Act:
    """Another action than the right one, of a kind a beginner would try."""
    right = block.act.spelled()
    for _ in range(6):
        roll = rng.random()
        lines = page.actable()
        act = block.act
        if act.target is None or roll < 0.6:
            same = [line for line in lines if act.target is not None and line.role == act.target.role]
            other = pick(rng, same if same and rng.random() < 0.75 else lines)
            act = Act(act.verb if other in same else "click", other, act.value if other in same else None)
        elif act.value is not None and roll < 0.85:
            act = Act(
                act.verb, act.target, pick(rng, [pick(rng, block.goal.split()), words.word(rng)]).strip(".,\"'") or "x"
            )
        elif block.did and roll < 0.92:
            act = pick(rng, block.did)
        else:
            act = Act("click", pick(rng, [line for line in lines if line.role == "button"] or lines))
        if act.spelled() != right:
            return act
    return Act("click", pick(rng, lines))


def history(rng: Random, page: Page, did: list[Act]) -> list[str]:
    """The last three actions; now and then one that came to nothing."""
    lines = [act.spelled() for act in did]
    roll = rng.random()
    if roll < 0.05:
        line: Line = pick(rng, page.actable())
        lines.insert(rng.randint(0, len(lines)), f"click {line.handle}" + pick(rng, ["", f" ! {pick(rng, FAILURES)}"]))
    elif roll < 0.06:
        lines.append("! unreadable")
    return lines[-3:]


def told(goal: str, did: list[str], ask: str) -> str:
    """The part of the prompt after the page."""
    return "\n".join([f"goal : {goal}", *(f"did : {line}" for line in did), ask])


def sample(rng: Random, noise: Noise, blocks: int) -> Sample:
    """One imaginary page with up to `blocks` instructions."""
    while True:
        page = imagine(rng)
        if page.actable():
            break
    error = noise.bad if rng.random() < noise.bad_share else noise.usual
    parts, families, goals, seen = [], [], [], set()
    for _ in range(3 * blocks):
        block = page.draw(rng)
        if block is None or not present(page, block.act) or block.goal in seen:
            continue
        seen.add(block.goal)
        goal = spaced(block.goal)
        done = history(rng, page, block.did)
        wrong = rng.random() < error
        if rng.random() < noise.checks:
            right = rng.random() < 0.5
            judged = (block.act if right else spoiled(rng, page, block)).spelled()
            answer = "yes" if right != (rng.random() < noise.flipped) else "no"
            parts.append((told(goal, [*done, judged][-3:], "right ?"), answer))
            families.append("self-check")
        else:
            act = spoiled(rng, page, block) if wrong else block.act
            if rng.random() < 0.002 and block.did:
                act = Act("stop")
            parts.append((told(goal, done, "act :"), act.spelled()))
            families.append(block.family)
        goals.append(block.goal)
        if len(parts) == blocks:
            break
    if not parts:
        return sample(rng, noise, blocks)
    return Sample(page.shown(), tuple(parts), tuple(families), tuple(goals))


def corpus(seed: int, count: int, noise: Noise = Noise(), most: int = 6) -> Iterator[Sample]:
    """`count` pages with up to `most` blocks; the same for the same seed."""
    rng = Random(seed)
    for _ in range(count):
        yield sample(rng, noise, most)
