"""Trajectories to look at: chosen by kind, with pictures taken by acting them out again."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.core.faults import FaultError
from webapprentice.core.records import Observation, Step, Trajectory
from webapprentice.evaluate import dialect_of
from webapprentice.improve.loop import Candidate, Round, exam_of, final
from webapprentice.improve.workshop import Workshop
from webapprentice.report import Case, choose
from webapprentice.tasks.environments import LOCAL, benchmark_of, worlds_of
from webapprentice.tasks.miniwob import MiniWob
from webapprentice.tasks.registry import BENCHMARK
from webapprentice.tasks.siteworld import SiteWorld


async def gallery(workshop: Workshop, base: Candidate, rounds: Sequence[Round]) -> tuple[Case, ...]:
    """At most `cases` cases; which ones depends on the trajectories' keys alone."""
    done = final(rounds, workshop.config.arms[0])
    most = workshop.config.cases
    if done is None or most == 0:
        return ()
    tuned = done.candidates[0]
    temperature = max(base.exam)
    parts: list[list[Trajectory]] = [
        list(exam_of(workshop, base)[temperature]),
        list(exam_of(workshop, tuned)[temperature]),
        workshop.trajectories(done.practice, steps=False),
    ]
    dropped = done.curated[tuned.arm]["dropped_by"]
    dialect = dialect_of(workshop.config.exam.rollout)
    count = workshop.model(base.model).count

    def cases(parts: Sequence[Sequence[Trajectory]]) -> tuple[Case, ...]:
        before, after, practice = parts
        return choose(
            before,
            after,
            practice,
            dropped,
            page=lambda _, step: dialect.describe(step.observation, count).text,
            picture=workshop.store.blob,
            held_out=workshop.held_out,
            most=most,
        )

    chosen = {attempt.key for case in cases(parts) for attempt in case.attempts}
    whole = {one.key: one for one in workshop.store.trajectories(keys=chosen)}
    parts = [[whole[one.key] for one in part if one.key in chosen] for part in parts]
    benchmark = benchmark_of(one.task for one in whole.values())
    if benchmark not in (BENCHMARK, LOCAL):
        return cases(parts)  # what was done on somebody's site is not done there again for a picture
    async with worlds_of(benchmark, 1, workshop.config.pool.browser) as (world,):
        parts = [[await pictured(workshop, world, one) for one in part] for part in parts]
    return cases(parts)


async def pictured(workshop: Workshop, world: MiniWob | SiteWorld, trajectory: Trajectory) -> Trajectory:
    """The trajectory with a screenshot before each step, up to where the page differs from what it was."""
    steps: list[Step] = []
    try:
        seen: Observation | None = (await world.reset(trajectory.task, trajectory.provenance.seed)).observation
        for step in trajectory.steps:
            if seen is None or seen.elements != step.observation.elements:
                break
            shot = workshop.store.put(await world.screenshot())
            steps.append(step.with_(observation=step.observation.with_(screenshot=shot, viewport=world.frame[2:])))
            if step.action is not None:
                seen = (await world.step(step.action)).observation
    except FaultError as error:
        workshop.tell(f"no picture of {trajectory.key}: {error.fault.message}")
    return trajectory.with_(steps=(*steps, *trajectory.steps[len(steps) :]))
