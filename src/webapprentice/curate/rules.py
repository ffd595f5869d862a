"""What a rule is, and the rules that look at one trajectory by itself.

No rule here reads a reward: `filter` hands each rule trajectories from which score, raw reward, judgments and the
task's evaluator have been taken out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from webapprentice.core.actions import Click, Hover, Stop
from webapprentice.core.keys import key_of
from webapprentice.core.records import Ending, Judgment, Result, Source, Step, Trajectory
from webapprentice.curate.wording import (
    copied,
    folded,
    named_in,
    proper_names,
    quoted,
    stands_in,
    texts_of,
    used_by,
    written,
)
from webapprentice.dialect import Dialect
from webapprentice.language import Spelling, gist

Needs = Literal["dialect", "scorer", "reward", "judge"]


class Rule(Protocol):
    """One reason to drop trajectories. A `Judge` that also says what it is and what it looks at."""

    @property
    def name(self) -> str:
        """As written in a configuration."""
        ...

    @property
    def looks_at(self) -> str:
        """One line for a report: what the decision depends on."""
        ...

    @property
    def needs(self) -> frozenset[Needs]:
        """What must be there for it to judge."""
        ...

    async def judge(self, trajectories: Sequence[Trajectory]) -> list[Judgment]:
        """One judgment a trajectory, in order; `passed=None` where it cannot say, which drops nothing.

        The trajectories are all that are left; rules about groups of attempts group them by (task, seed) themselves.
        """
        ...


@dataclass(frozen=True)
class Single:
    """A rule that looks at each trajectory by itself."""

    name: str
    looks_at: str
    why_not: Callable[[Trajectory], str | None]
    """Why it is dropped, in one line; None: it passes."""
    needs: frozenset[Needs] = frozenset()

    async def judge(self, trajectories: Sequence[Trajectory]) -> list[Judgment]:
        """Each trajectory's own judgment."""
        reasons = [self.why_not(trajectory) for trajectory in trajectories]
        return [Judgment(judge=self.name, passed=reason is None, reason=reason or "") for reason in reasons]


def no_log(trajectory: Trajectory) -> str | None:
    """F1: there are steps, and each rollout step knows its prompt and what was said."""
    if not trajectory.steps:
        return "no steps"
    known = (step.prompt_key is not None or step.transcript is not None for step in trajectory.steps)
    if trajectory.source is Source.ROLLOUT and not all(known):
        return "a step without its prompt"
    return None


def stopped_early(trajectory: Trajectory) -> str | None:
    """F2: neither a limit, nor repetition, nor unreadable answers ended the episode."""
    return None if trajectory.ending in (Ending.PAGE, Ending.STOPPED) else f"ended by {trajectory.ending.value}"


def repeats(trajectory: Trajectory, most: int) -> str | None:
    """F3: no action occurs `most` times or more, wherever in the trajectory."""
    spelled = Counter(step.action.model_dump_json() if step.action else step.said for step in trajectory.steps)
    times = max(spelled.values(), default=0)
    return f"one action {times} times" if times >= most else None


def stuck(trajectory: Trajectory, most: int) -> str | None:
    """No action occurs `most` times or more on a page that looks the same: going in circles, but not counting up."""
    done: Counter[str] = Counter()
    for step in trajectory.steps:
        seen = step.observation.model_dump_json(include={"url", "elements", "tabs", "dialog"})
        done[key_of(seen, step.action.model_dump_json() if step.action else step.said)] += 1
    times = max(done.values(), default=0)
    return f"one action {times} times on the same page" if times >= most else None


def last_words(trajectory: Trajectory, word: str) -> str | None:
    """F4 and F5: the last answer does not contain the word. Case counts, as in the released code."""
    return f"says {word!r}" if trajectory.steps and word in trajectory.steps[-1].said else None


def last_action(trajectory: Trajectory) -> Step | None:
    """The last step, if it was an action."""
    return trajectory.steps[-1] if trajectory.steps and trajectory.steps[-1].action is not None else None


def not_available(trajectory: Trajectory) -> str | None:
    """F6: the last action does not contain N/A."""
    step = last_action(trajectory)
    assert step is None or step.action is not None
    return "ends with N/A" if step and any("N/A" in text for text in texts_of(step.action)) else None


def empty_stop(trajectory: Trajectory) -> str | None:
    """F7: the last action is not a stop without an answer."""
    step = last_action(trajectory)
    return "stops without an answer" if step and step.action == Stop(answer="") else None


def no_stop(trajectory: Trajectory) -> str | None:
    """F8: the last action is not a stop whose answer begins with `No `."""
    step = last_action(trajectory)
    return "stops with No" if step and isinstance(step.action, Stop) and step.action.answer.startswith("No ") else None


def unreadable(trajectory: Trajectory) -> str | None:
    """F9: every answer was an action."""
    bad = next((step for step in trajectory.steps if step.action is None), None)
    return f"step {bad.index} was no action" if bad else None


def not_ended_by_page(trajectory: Trajectory) -> str | None:
    """The environment ended the episode by itself. This is no reward: it ends failed attempts too."""
    return None if trajectory.ending is Ending.PAGE else f"ended by {trajectory.ending.value}"


def has_error(trajectory: Trajectory) -> str | None:
    """Every action was carried out."""
    if not trajectory.steps:
        return "no steps"
    bad = next((step for step in trajectory.steps if step.outcome.result is not Result.DONE), None)
    return f"step {bad.index} was {bad.outcome.result.value}" if bad else None


def misnames(trajectory: Trajectory, dialect: Dialect) -> str | None:
    """The words of each action are those of the element that its id points at.

    The model's own words up to ` = `, case and spacing aside, are compared with the canonical spelling of the action
    that was read from them: reading goes by the id alone, so a slip between word and id shows here. Only the compact
    spelling repeats an element's words; the others cannot fail.
    """
    if dialect.spelling is not Spelling.COMPACT:
        return None
    for step in trajectory.steps:
        if step.action is not None:
            said = gist(step.said, dialect.spelling)
            meant = gist(dialect.write(step.action, step.observation), dialect.spelling)
            if folded(said.partition(" = ")[0]) != folded(meant.partition(" = ")[0]):
                return f"step {step.index} said {said[:60]!r}"
    return None


def invents(trajectory: Trajectory, reach: Literal["page", "seen"]) -> str | None:
    """Whatever was typed, chosen or answered stands in the objective or on the page it was typed on.

    With reach `seen`, pages seen before that step count too. What is typed in other words than it was given (a date in
    another form, a sum) fails: the rule prefers missing those to teaching made-up strings.
    """
    for place, step in enumerate(trajectory.steps):
        pages = [step.observation] if reach == "page" else [s.observation for s in trajectory.steps[: place + 1]]
        for text in written(step.action):
            if not copied(text, trajectory.goal, pages):
                return f"step {step.index} made up {text[:40]!r}"
    return None


def leaves_out(trajectory: Trajectory) -> str | None:
    """Every quoted string of the objective was typed, chosen or answered, or names an element acted on."""
    done = [step for step in trajectory.steps if step.outcome.result is Result.DONE]
    for wanted in quoted(trajectory.goal):
        if not any(used_by(wanted, step) for step in done):
            return f"never used {wanted[:40]!r}"
    return None


def ignores(trajectory: Trajectory) -> str | None:
    """Everything that the objective names and a page offered was acted on, typed or answered.

    A page that ends an episode at the first wrong step makes short cuts look finished; what they left out tells them.
    """
    goal = folded(trajectory.goal)
    done = [step for step in trajectory.steps if step.outcome.result is Result.DONE]
    for name in named_in(goal, (step.observation for step in trajectory.steps)):
        if not any(used_by(name, step) for step in done):
            return f"passed over {name[:40]!r}"
    return None


def forgets(trajectory: Trajectory) -> str | None:
    """Every proper name in the objective was used: typed, chosen, answered, or borne by something acted on.

    A word counts as a proper name when it is capitalised inside a sentence and not quoted. Names say which of many like
    things is meant; an attempt that never touched what bears them finished something else, or only a part.
    """
    done = [step for step in trajectory.steps if step.outcome.result is Result.DONE]
    for name in proper_names(trajectory.goal):
        if not any(used_by(name, step) for step in done):
            return f"never used {name[:40]!r}"
    return None


def strays(trajectory: Trajectory) -> str | None:
    """Whatever was pressed or pointed at bears a name, and the objective says it.

    Strict: what is meant by its place ("the last link") or by its look fails too. It suits examples that a model made
    up itself, where there are always more.
    """
    goal = folded(trajectory.goal)
    for step in trajectory.steps:
        if not isinstance(step.action, Click | Hover):
            continue
        element = step.observation.element(step.action.node)
        name = folded(element.name or element.text) if element is not None else ()
        if not any(word[0].isalnum() for word in name) or not stands_in(name, goal):
            return f"step {step.index} went to {' '.join(name)[:40]!r}"
    return None


def unrewarded(trajectory: Trajectory, least: float) -> str | None:
    """The programmatic reward was earned. An upper bound for comparison: this one is not label-free."""
    if trajectory.score is None:
        return "never judged"
    return None if trajectory.score >= least else f"score {trajectory.score:g}"


PAPER: Mapping[str, tuple[str, Callable[[Trajectory], str | None]]] = {
    "F1": ("the log", no_log),
    "F2": ("how the episode ended", stopped_early),
    "F4": ("the last answer's words", lambda trajectory: last_words(trajectory, "impossible")),
    "F5": ("the last answer's words", lambda trajectory: last_words(trajectory, "cannot")),
    "F6": ("the last action", not_available),
    "F7": ("the last action", empty_stop),
    "F8": ("the last action", no_stop),
    "F9": ("whether answers were actions", unreadable),
}
"""The plausibility rules of Patel et al. 2024, on our records; F3 has a parameter and is made in `filtering`."""
