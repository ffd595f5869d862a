"""ScribeAgent's four stages (arXiv 2411.15004, its WebArena agent), with any model in any role.

Once for each task the objective is said in full. Before every step after the first, a check says whether it is met and
keeps a note. Next steps are proposed from all chunks of the page; where they differ, one is chosen; it is translated to
one action. What becomes of an action that nobody can carry out is in `_mended`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from webapprentice.core.actions import Action, Back, Goto, Scroll, Stop
from webapprentice.core.faults import Fault, FaultError, Owner, border
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Sampling
from webapprentice.core.records import Observation, Step, Task
from webapprentice.dialect import Dialect
from webapprentice.dialect import load as load_dialect
from webapprentice.page import Form, render
from webapprentice.rollout.actors import Said
from webapprentice.rollout.agents.config import Role, StagesConfig
from webapprentice.rollout.agents.proposing import Proposal, Voice, absent, named, propose
from webapprentice.rollout.agents.replies import (
    Verdict,
    normalised,
    read_action,
    read_check,
    read_choice,
    read_objective,
)
from webapprentice.rollout.agents.transcript import Minutes
from webapprentice.rollout.agents.wording import Prompts, Wording

T = TypeVar("T")

_DOWN = Scroll(direction="down")
_NOT_YET = "The objective is not met yet: do not stop."
_DESCRIPTION = re.compile(r"^[ \t]*Description:[ \t]*(.+)$", re.MULTILINE)


class _Turn:
    """One step on its way: what can be seen, what was done, what has been asked."""

    def __init__(self, seen: Observation, steps: Sequence[Step], dialect: Dialect) -> None:
        self.seen = seen
        self.number = len(steps)
        self.history = [(step.said, step.outcome) for step in steps]
        done = dialect.told(self.history)
        self.told = "\n".join(f"{number}.\n{words}" for number, words in enumerate(done, 1)) or "None"
        self.minutes = Minutes()
        self.fallback = ""
        self.words = ""
        self.trees: dict[str, str] = {}
        """The page as each model reads it, drawn once for all that is asked of it in this step."""

    def down(self, why: str) -> Action:
        """Scroll, because nothing better is known."""
        self.fallback = why
        return _DOWN


class StagesActor:
    """Refines, checks, proposes, chooses and translates; one for each episode, with notes of its own."""

    def __init__(
        self,
        task: Task,
        voices: Mapping[Role, Voice],
        dialect: Dialect,
        sampling: Sampling,
        config: StagesConfig,
        prompts: Prompts,
    ) -> None:
        self._task = task
        self._voices = voices
        self._dialect = dialect
        self._tree = load_dialect("webarena").with_(budget=config.tree)
        self._sampling = sampling
        self._config = config
        self._prompts = prompts
        self._objective = ""
        self._start = ""
        self._notes: list[str] = []

    async def act(self, goal: str, seen: Observation, steps: Sequence[Step]) -> Said:
        """The next action in ScribeAgent's spelling, as the history tells it, with a transcript of all stages.

        Raises FaultError owned by `model`, which names the stage.
        """
        turn = _Turn(seen, steps, self._dialect)
        if not self._objective:
            self._start = (steps[0].observation if steps else seen).url
            self._objective = goal
            self._objective = f"{goal} Specifically: {await self._ask('refine', turn, read_objective)}"
        action = await self._decided(turn)
        return Said(
            text=self._dialect.write(action, seen, turn.number + 1, turn.words),
            action=action,
            usage=turn.minutes.usage,
            transcript=turn.minutes.written(self._objective, tuple(self._notes), turn.fallback),
        )

    async def _decided(self, turn: _Turn) -> Action:
        if turn.number:
            verdict = await self._checked(turn, "None")
            if verdict.completed:
                return Stop(answer=verdict.words)
        chosen = await self._chosen(turn, await self._proposed(turn))
        if chosen is None:
            return turn.down(turn.fallback or "every proposal was rejected")
        action = await self._translated(turn, chosen)
        if isinstance(action, Stop):
            answer = normalised(action.answer)
            verdict = await self._checked(turn, answer or "stop without an answer")
            if verdict.completed:
                return Stop(answer=verdict.words or answer)
            action = await self._translated(turn, chosen, _NOT_YET)
            if isinstance(action, Stop):
                return turn.down("the translation would stop and the check would not")
        return self._mended(turn, chosen, action)

    def _mended(self, turn: _Turn, chosen: Proposal, action: Action) -> Action:
        """The action, or what stands in for one that cannot be meant so.

        An element out of view needs nothing: our clicks scroll to it by themselves.
        """
        if isinstance(action, Back):
            turn.fallback = "back is the start"
            return Goto(url=self._start)
        gone = absent(action, turn.seen)
        if gone is not None:
            return turn.down(f"no element of the page has the id {gone}")
        if action == chosen.action:
            described = _DESCRIPTION.search(chosen.answer.text)
            turn.words = described[1] if described else ""
        return action

    async def _proposed(self, turn: _Turn) -> list[Proposal]:
        """For each element that was voted for, in the order of the first votes, the longest answer."""
        voice, config = self._voices["act"], self._config
        prompts = self._dialect.prompts(self._objective, turn.seen, turn.history, voice.count)
        draw = self._sampling.with_(seed=seed_for(self._sampling.seed, turn.number))
        try:
            made = await propose(
                voice,
                prompts,
                draw,
                self._dialect,
                self._objective,
                turn.seen,
                config.votes,
                config.samples,
                turn.minutes,
            )
        except FaultError as error:
            raise named("act", error) from error
        longest: dict[object, Proposal] = {}
        for one in made:
            if one.vote is not None:
                before = longest.get(one.vote)
                if before is None or len(one.answer.text) > len(before.answer.text):
                    longest[one.vote] = one
        return list(longest.values())

    async def _chosen(self, turn: _Turn, found: Sequence[Proposal]) -> Proposal | None:
        """The only proposal, or the one that is chosen; None when there is none, or all are rejected."""
        if len(found) < 2:
            turn.fallback = "" if found else "no proposal could be read"
            return found[0] if found else None
        listed = "\n\n".join(f"No. {place}\n{one.answer.text.strip()}" for place, one in enumerate(found, 1))
        place = await self._ask("choose", turn, lambda text: read_choice(text, len(found)), candidates=listed)
        return None if place < 0 else found[place]

    async def _translated(self, turn: _Turn, chosen: Proposal, more: str = "") -> Action:
        notes = "\n".join([*self._notes, *([more] if more else [])]) or "None"
        step, nearby = chosen.answer.text.strip(), self._nearby(turn, chosen)
        return await self._ask("translate", turn, read_action, notes=notes, nearby=nearby, step=step)

    def _nearby(self, turn: _Turn, chosen: Proposal) -> str:
        """The HTML of the elements around the target, in document order."""
        node = getattr(chosen.action, "node", None)
        elements = turn.seen.elements
        at = next((place for place, one in enumerate(elements) if one.id == node), None)
        if at is None:
            return "None"
        around = elements[max(0, at - self._config.nearby) : at + self._config.nearby + 1]
        return render(around, Form.HTML, self._config.tree, self._voices["translate"].count, node).text

    async def _checked(self, turn: _Turn, proposal: str) -> Verdict:
        """Whether the objective is met; otherwise its note is kept."""
        notes = "\n".join(self._notes) or "None"
        verdict = await self._ask("check", turn, read_check, notes=notes, proposal=proposal)
        if not verdict.completed and verdict.words and verdict.words not in self._notes:
            self._notes.append(verdict.words)
        return verdict

    async def _ask(self, role: Wording, turn: _Turn, read: Callable[[str], T | None], **values: str) -> T:
        """What a role's answer means. Raises FaultError when the model fails, or no try can be read."""
        assert role != "webarena"
        assert role != "scribe"
        voice, config = self._voices[role], self._config
        if voice.key not in turn.trees:
            turn.trees[voice.key] = self._tree.describe(turn.seen, voice.count).text
        common = {"objective": self._objective, "url": turn.seen.url, "observation": turn.trees[voice.key]}
        if role != "refine":
            common["history"] = turn.told
        prompt = self._prompts.fill(role, self._task.sites, {**common, **values})
        answers = []
        meaning: T | None = None
        for number in range(config.tries if config.temperature > 0 else 1):
            seed = seed_for(self._sampling.seed, turn.number, role, number)
            draw = Sampling(temperature=config.temperature, max_tokens=config.tokens, seed=seed)
            try:
                with border(Owner.MODEL, "llm_failed"):
                    answers.append(await voice.ask(prompt, draw))
            except FaultError as error:
                raise named(role, error) from error
            meaning = read(answers[-1].text)
            if meaning is not None:
                break
        turn.minutes.note(role, voice.key, prompt, answers)
        if meaning is None:
            begun = " ".join(answers[-1].text.split())[:80]
            message = f"stage {role}: none of {len(answers)} answers could be read; the last begins {begun!r}"
            raise FaultError(Fault(owner=Owner.MODEL, kind="llm_bad_output", message=message))
        return meaning
