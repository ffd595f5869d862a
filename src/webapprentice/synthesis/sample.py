"""One made-up example, from the first question to a trajectory: five stages, each with so many tries and no more."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from webapprentice import __version__
from webapprentice.core.actions import Action, Stop
from webapprentice.core.keys import key_of, seed_for
from webapprentice.core.protocols import Prompt, Sampling
from webapprentice.core.records import (
    Ending,
    Observation,
    Outcome,
    Provenance,
    Record,
    Result,
    Source,
    Step,
    Task,
    Trajectory,
)
from webapprentice.dialect import prompt_key
from webapprentice.language import Spelling, write
from webapprentice.synthesis.answers import (
    Moment,
    Position,
    Unusable,
    Wanted,
    read_actions,
    read_address,
    read_objective,
    read_page,
    read_plan,
)
from webapprentice.synthesis.asking import Answer, Asker
from webapprentice.synthesis.config import SynthesisConfig
from webapprentice.synthesis.novelty import Novelty
from webapprentice.synthesis.prompts import Prompts, Stage
from webapprentice.synthesis.seeds import Pair, Seeds, in_fence

T = TypeVar("T")
SPELLING = Spelling.WEBARENA
_ANSWER = 2_000
"""Characters of a refused answer that are kept."""
_POSITIONS: tuple[Position, ...] = ("first", "middle", "middle", "last")


class Rejected(Record):
    """One answer that was not used."""

    sample: int
    stage: Stage
    attempt: int
    prompt: str
    """Content key of the prompt."""
    answer: str
    """The beginning of what was said."""
    reason: str


class Sample(Record):
    """What came of one sample."""

    number: int
    objective: str | None = None
    """None: no usable one was said."""
    site: str = ""
    position: Literal["first", "middle", "last", "only"] | None = None
    """Where its step stands in its plan."""
    trajectory: Trajectory | None = None
    """None: it was given up."""
    given_up: Stage | None = None
    rejected: tuple[Rejected, ...] = ()
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Turns:
    """Objectives are judged in the order of their samples' numbers, whoever is answered first."""

    def __init__(self) -> None:
        self._over: dict[int, asyncio.Event] = {}
        self._numbers: list[int] = []
        self._pairs: list[Pair] = []

    async def wait(self, number: int) -> None:
        """Until every sample before this one has its objective, or will never have one."""
        if number > 0:
            await self._of(number - 1).wait()

    def end(self, number: int, pair: Pair | None) -> None:
        """Note the objective of a sample; its own turn has come when this is called."""
        if pair is not None:
            self._numbers.append(number)
            self._pairs.append(pair)
        self._of(number).set()
        self._over.pop(number - 1, None)

    def before(self, number: int) -> list[Pair]:
        """Objectives of the samples up to this number, in order."""
        return self._pairs[: bisect_right(self._numbers, number)]

    def _of(self, number: int) -> asyncio.Event:
        return self._over.setdefault(number, asyncio.Event())


@dataclass
class Setting:
    """What all samples share."""

    config: SynthesisConfig
    asker: Asker
    seeds: Seeds
    prompts: Prompts
    novelty: Novelty
    turns: Turns
    key: str
    """Of all that decides what a sample comes to, but for its number."""

    def accept(self, number: int, objective: str, site: str) -> Pair:
        """The objective as later samples may be shown it."""
        return Pair(objective, site, key_of("synthetic", self.key, number))


class _GivenUp(Exception):  # noqa: N818 - the end of a sample
    pass


async def compose(number: int, setting: Setting) -> Sample:
    """Ask for everything that one example needs. What is drawn depends on the configuration and the number alone.

    Raises what the asker raises; otherwise every sample comes to an end after `tries` answers a stage at the most.
    """
    return await _Composing(number, setting).run()


class _Composing:
    def __init__(self, number: int, setting: Setting) -> None:
        self.number, self.setting, self.config = number, setting, setting.config
        self.rejected: list[Rejected] = []
        self.used: list[Answer] = []
        self.stage: Stage = "objective"
        self.shrunk = 0
        self.parents: list[str] = []

    def rng(self, what: str) -> random.Random:
        """Chance for one purpose."""
        return random.Random(seed_for(self.config.seed, "synthesis", self.number, what))

    async def run(self) -> Sample:
        wanted, position, made = None, None, None
        try:
            try:
                wanted = await self._objective()
            except _GivenUp:
                await self.setting.turns.wait(self.number)
                self.setting.turns.end(self.number, None)
                raise
            plan = await self._plan(wanted)
            place = self._place(len(plan))
            first, last = place == 0, place == len(plan) - 1
            position = "only" if first and last else "first" if first else "last" if last else "middle"
            url = await self._address(wanted, plan, place)
            moment, page = await self._moment(wanted, plan, place, url)
            made = self._trajectory(wanted, moment, page)
        except _GivenUp:
            pass
        return Sample(
            number=self.number,
            objective=wanted.objective if wanted else None,
            site=wanted.site if wanted else "",
            position=position,
            trajectory=made,
            given_up=None if made else self.stage,
            rejected=tuple(self.rejected),
            answers=len(self.used),
            prompt_tokens=sum(answer.prompt_tokens for answer in self.used),
            completion_tokens=sum(answer.completion_tokens for answer in self.used),
        )

    async def _try(
        self, stage: Stage, most: int, prompt: Callable[[], Prompt], read: Callable[[Answer, int], Awaitable[T]]
    ) -> T:
        """What the first usable answer of a stage gives."""
        self.stage = stage
        for attempt in range(self.config.tries):
            asked = prompt()
            sampling = Sampling(
                temperature=self.config.temperature,
                top_p=self.config.top_p,
                max_tokens=most,
                seed=seed_for(self.config.seed, "synthesis", self.number, stage, attempt),
            )
            answer = await self.setting.asker.ask(asked, sampling)
            self.used.append(answer)
            try:
                if answer.fault:
                    raise Unusable(answer.fault)
                return await read(answer, attempt)
            except Unusable as error:
                self.shrunk += answer.fault == "context_overflow"
                self.rejected.append(
                    Rejected(
                        sample=self.number,
                        stage=stage,
                        attempt=attempt,
                        prompt=prompt_key(asked),
                        answer=answer.text[:_ANSWER],
                        reason=str(error),
                    )
                )
        raise _GivenUp

    async def _objective(self) -> Wanted:
        config, seeds, turns = self.config, self.setting.seeds, self.setting.turns
        rng = self.rng("pairs")
        before = turns.before(self.number - config.window)
        own = rng.sample(before, min(config.shown_own, len(before)))
        shown = own + rng.sample(seeds.pairs, min(config.shown - len(own), len(seeds.pairs)))
        rng.shuffle(shown)
        self.parents += [pair.key for pair in shown]
        pairs = "\n\n".join(f"OBJECTIVE: {pair.objective}\nURL: {pair.url}" for pair in shown)

        async def read(answer: Answer, _attempt: int) -> Wanted:
            wanted = read_objective(answer.text)
            await turns.wait(self.number)  # from here to the end of the turn no other sample is judged
            (vector,) = await asyncio.to_thread(self.setting.novelty.vectors, [wanted.objective])
            if self.setting.novelty.closest(vector) >= config.likeness:
                raise Unusable("too much like another objective")
            self.setting.novelty.add(vector)
            turns.end(self.number, self.setting.accept(self.number, wanted.objective, wanted.site))
            return wanted

        return await self._try(
            "objective", config.lengths.objective, lambda: self.setting.prompts.fill("objective", pairs=pairs), read
        )

    async def _plan(self, wanted: Wanted) -> tuple[str, ...]:
        async def read(answer: Answer, attempt: int) -> tuple[str, ...]:
            return read_plan(answer.text, answer.finished, attempt)

        prompt = self.setting.prompts.fill("plan", objective=wanted.objective, site=wanted.site)
        return await self._try("plan", self.config.lengths.plan, lambda: prompt, read)

    def _place(self, steps: int) -> int:
        """Which step to write: first : middle : last as 1 : 2 : 1; the first or last where there is no middle."""
        rng = self.rng("position")
        position = rng.choice(_POSITIONS)
        if position == "middle" and steps > 2:
            return rng.randrange(1, steps - 1)
        if position == "middle":
            position = rng.choice(("first", "last"))
        return 0 if position == "first" else steps - 1

    async def _address(self, wanted: Wanted, plan: Sequence[str], place: int) -> str:
        if place == 0:
            return f"https://{wanted.site}/"

        async def read(answer: Answer, _attempt: int) -> str:
            return read_address(answer.text, wanted.site)

        done = "\n".join(f"{number}. {step}" for number, step in enumerate(plan[:place], 1))
        prompt = self.setting.prompts.fill(
            "address", objective=wanted.objective, site=wanted.site, done=done, next=f"{place + 1}. {plan[place]}"
        )
        return await self._try("address", self.config.lengths.address, lambda: prompt, read)

    async def _moment(self, wanted: Wanted, plan: Sequence[str], place: int, url: str) -> tuple[Moment, Observation]:
        """The action with its words, then the page for it; both see the same demonstrations."""
        config, first, last = self.config, place == 0, place == len(plan) - 1
        shown = self.setting.seeds.draw(first, last, config.demonstrations, self.rng("demonstrations"))
        self.parents += [one.key for one in shown]

        def examples(page_last: bool) -> str:
            budget = max(16, config.demonstration_tokens >> self.shrunk)
            some = shown[:1] if self.shrunk else shown
            return self.setting.seeds.text(some, budget, self.setting.asker.model.count, page_last)

        async def read_moment(answer: Answer, _attempt: int) -> Moment:
            return read_actions(answer.text, wanted.objective, first, last, config.free_text)

        steps = "\n".join(f"{number}. {step}" for number, step in enumerate(plan, 1))
        moment = await self._try(
            "actions",
            config.lengths.actions,
            lambda: self.setting.prompts.fill(
                "actions",
                demonstrations=examples(False),
                objective=wanted.objective,
                url=url,
                plan=steps,
                number=str(place + 1),
                step=plan[place],
            ),
            read_moment,
        )

        async def read_seen(answer: Answer, _attempt: int) -> Observation:
            return read_page(
                answer.text, answer.finished, moment, wanted.objective, url, config.least_nodes, config.free_text
            )

        page = await self._try(
            "page",
            config.lengths.page,
            lambda: self.setting.prompts.fill(
                "page",
                demonstrations=examples(True),
                objective=wanted.objective,
                url=url,
                previous="None" if moment.previous is None else in_fence(moment.previous),
                next=moment.said,
            ),
            read_seen,
        )
        return moment, page

    def _trajectory(self, wanted: Wanted, moment: Moment, page: Observation) -> Trajectory:
        key = self.setting.accept(self.number, wanted.objective, wanted.site).key
        home = f"https://{wanted.site}/"
        return Trajectory(
            key=key,
            task=Task(
                id=f"synthetic/{key}",
                benchmark="synthetic",
                goal=wanted.objective,
                start_urls=(home,),
                sites=(wanted.site,),
                template=f"synthetic/{wanted.site}",
            ),
            goal=wanted.objective,
            source=Source.SYNTHETIC,
            before=() if moment.previous is None else (_told(moment.previous),),
            steps=(_step(moment.action, moment.said, page),),
            ending=Ending.STOPPED,
            provenance=Provenance(
                config_hash=self.setting.key,
                version=__version__,
                model=self.setting.asker.model.key,
                seed=seed_for(self.config.seed, "synthesis", self.number),
                temperature=self.config.temperature,
                spelling=SPELLING.value,
                parents=tuple(dict.fromkeys(self.parents)),
            ),
        )


def _step(action: Action, said: str, page: Observation) -> Step:
    changed = False if isinstance(action, Stop) else None
    return Step(
        index=0, observation=page, said=said, action=action, outcome=Outcome(result=Result.DONE, changed=changed)
    )


def _told(action: Action) -> Step:
    """A step that only later prompts tell of."""
    return Step(
        index=0,
        observation=Observation(url=""),
        said=write(action, SPELLING, lambda _node: ""),
        action=action,
        outcome=Outcome(result=Result.DONE),
    )
