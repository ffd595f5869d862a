"""Preferences between answers: where two attempts at one episode part, the better one's answer over the other's.

Attempts at the same task and seed are followed side by side while they are asked the same and do the same. At the
first step where the same prompt has two different answers, the answer of the kept (or solved) attempt is preferred.
What came after may have decided: a preference is noisy where attempts part early and fail late.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Prompt
from webapprentice.core.records import Ending, Message, Record, Step, Trajectory
from webapprentice.curate.dataset import refuse
from webapprentice.curate.groups import by_episode, spelled
from webapprentice.dialect import Dialect, prompt_key
from webapprentice.page.form import Count


class PairsConfig(Config):
    """Everything that may differ between two runs of `apprentice pairs`."""

    collection: str = "attempts"
    """Which trajectories of the store."""
    by: Literal["filter", "reward"] = "filter"
    """What makes an attempt better: RUN/KEEP.txt names it, or the score says that it solved its task."""
    keep: str = "kept"
    """File of kept keys, RUN/KEEP.txt, of `by=filter`."""
    out: str = "pairs"
    """RUN/OUT.dpo.jsonl and RUN/OUT.kto.jsonl."""
    most: int = Field(default=50, ge=1)
    """Preferences of one task at the most; of more, so many are drawn."""
    seed: int = 0
    """Of that draw."""
    model: str = "seed"
    """Whose tokenizer counted when the attempts were made."""
    dialect: str = "compact"
    """The dialect in which the model acted."""
    budget: int = Field(default=0, ge=0)
    """Tokens of page text, as in the rollout; 0 takes the dialect's own."""


class Preference(Record):
    """One prompt, the answer that is preferred, and the one that is not."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    task: str
    seed: int
    better: str
    """Key of the attempt that said what is preferred."""
    worse: str
    step: int


class Pairs(Record):
    """Preferences, and what was left out."""

    preferences: tuple[Preference, ...]
    tally: dict[str, int]
    """Pairs of attempts by what came of them: used, and else why not."""


def pairs(
    trajectories: Sequence[Trajectory],
    better: set[str],
    config: PairsConfig,
    dialect: Dialect,
    count: Count,
    held_out: Sequence[str] = (),
) -> Pairs:
    """Every two attempts at one episode of which one is in `better`, as one preference where they part.

    What faulted through no doing of the agent, or was cancelled, is in no pair. Of preferences that say the same one
    stays; of those that contradict each other, none. Raises UsageError where a task is held out.
    """
    refuse(trajectories, held_out)
    whole = [one for one in trajectories if _usable(one)]
    tally: Counter[str] = Counter()
    found: dict[str, dict[tuple[str, str, str], Preference]] = defaultdict(dict)
    for places in by_episode(whole).values():
        some = [whole[place] for place in places]
        for good in (one for one in some if one.key in better):
            for bad in (one for one in some if one.key not in better):
                place, why = _parting(good, bad)
                if place is None:
                    tally[why] += 1
                    continue
                made = _preference(good, bad, place, dialect, count)
                if made is None:
                    tally["stale"] += 1
                    continue
                key = (good.steps[place].prompt_key or "", made.chosen, made.rejected)
                tally["same" if key in found[good.task.id] else "found"] += 1
                found[good.task.id].setdefault(key, made)
    chosen: list[Preference] = []
    for task in sorted(found):
        mine = found[task]
        agreed = {key: one for key, one in mine.items() if (key[0], key[2], key[1]) not in mine}
        tally["contradicted"] += len(mine) - len(agreed)
        order = sorted(agreed, key=lambda key: (seed_for(config.seed, "pair", key), key))
        tally["beyond_most"] += max(0, len(order) - config.most)
        chosen += [agreed[key] for key in order[: config.most]]
    tally["used"] = len(chosen)
    return Pairs(preferences=tuple(chosen), tally={name: number for name, number in tally.items() if number})


def dpo_rows(found: Pairs) -> Iterator[dict[str, object]]:
    """Rows with TRL's columns `prompt`, `chosen` and `rejected`, each a list of messages."""
    for one in found.preferences:
        yield {
            "prompt": _chat(one.prompt),
            "chosen": _answer(one.chosen),
            "rejected": _answer(one.rejected),
            "task": one.task,
            "step": one.step,
        }


def kto_rows(found: Pairs) -> Iterator[dict[str, object]]:
    """Rows with TRL's columns `prompt`, `completion` and `label`; an answer as often better as worse is in none."""
    votes: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Preference] = {}
    for one in found.preferences:
        for said, vote in ((one.chosen, 1), (one.rejected, -1)):
            key = (prompt_key(one.prompt), said)
            votes[key] += vote
            first.setdefault(key, one)
    for key, vote in votes.items():
        if vote:
            one = first[key]
            yield {
                "prompt": _chat(one.prompt),
                "completion": _answer(key[1]),
                "label": vote > 0,
                "task": one.task,
                "step": one.step,
            }


def _usable(one: Trajectory) -> bool:
    return (one.fault is None or one.fault.owner == "agent") and one.ending is not Ending.CANCELLED


def _parting(good: Trajectory, bad: Trajectory) -> tuple[int | None, str]:
    """The first step at which the same prompt has two answers; else why there is none."""
    for place, (mine, other) in enumerate(zip(good.steps, bad.steps, strict=False)):
        if mine.prompt_key is None or mine.prompt_key != other.prompt_key:
            return None, "other_prompt"
        if mine.said == other.said:
            continue
        if mine.action is None:
            return None, "unread"
        return (None, "same_action") if _did(mine) == _did(other) else (place, "")
    return None, "never_parted"


def _did(step: Step) -> str:
    return spelled(step.action, step.observation) if step.action else f"unread: {step.said}"


def _preference(good: Trajectory, bad: Trajectory, place: int, dialect: Dialect, count: Count) -> Preference | None:
    """None where the prompt cannot be made again as it was asked."""
    step = good.steps[place]
    history = [(one.said, one.outcome) for one in good.steps[:place]]
    prompt: Prompt = dialect.prompt(good.goal, step.observation, history, count)[0]
    if prompt_key(prompt) != step.prompt_key:
        return None
    return Preference(
        prompt=prompt,
        chosen=step.said,
        rejected=bad.steps[place].said,
        task=good.task.id,
        seed=good.provenance.seed,
        better=good.key,
        worse=bad.key,
        step=step.index,
    )


def _chat(prompt: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in prompt]


def _answer(said: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": said}]
