"""Live episodes for learning from reward: groups of attempts at one task and seed, kept in the store like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.faults import UsageError
from webapprentice.core.protocols import Model
from webapprentice.core.records import Task, Trajectory
from webapprentice.dialect import prompt_key
from webapprentice.evaluate.acting import dialect_of
from webapprentice.evaluate.attempts import attempt_jobs
from webapprentice.evaluate.setting import PoolConfig
from webapprentice.rollout import RolloutConfig, jobs_for
from webapprentice.store import Store
from webapprentice.tasks import load as load_tasks
from webapprentice.tasks.splits import kept_for_exams
from webapprentice.train import GroupConfig, GroupReport, GroupUpdate, reinforce
from webapprentice.train.groups import Played


class ReinforceConfig(Config):
    """Everything that may differ between two runs of `apprentice reinforce`."""

    tasks: str = "attempted"
    """Task ids, patterns or the list `attempted`, separated by commas; held-out tasks are refused."""
    first_seed: int = 0
    """Seeds are counted from here."""
    seeds: int = Field(default=20, ge=1)
    """Seeds of each task; each is one episode, and a run goes through them in an order that follows from train.seed."""
    out: str = "reinforced"
    """Folder of the new model, RUN/OUT; the episodes go to the collection `reinforce/OUT`."""
    group: GroupConfig = GroupConfig()
    rollout: RolloutConfig = RolloutConfig()
    pool: PoolConfig = PoolConfig()


def episodes_of(config: ReinforceConfig) -> dict[str, tuple[Task, int]]:
    """Name → task and seed of every episode. Raises UsageError where a task is held out, or updates lack episodes."""
    if config.rollout.agent not in ("dialect", "webarena"):
        raise UsageError(
            f"agent={config.rollout.agent} does not act on one answer to one prompt, which is what reward teaches; "
            "set rollout.agent=dialect or webarena"
        )
    tasks = load_tasks(config.tasks, config.pool.benchmark)
    held = sorted(task.id for task in tasks if kept_for_exams(task))
    if held:
        raise UsageError(f"reinforce would practise {held[0]}, a held-out task or a copy of one; leave it out of tasks")
    seeds = range(config.first_seed, config.first_seed + config.seeds)
    found = {f"{task.id}#{seed}": (task, seed) for task in tasks for seed in seeds}
    if len(found) < config.group.groups:
        raise UsageError(f"there are {len(found)} episodes for groups of {config.group.groups}; add seeds or tasks")
    return found


def learn(
    config: ReinforceConfig, run: Path, store: Store, tell: Callable[[int, int, GroupUpdate], None] | None = None
) -> GroupReport:
    """Play, learn, play again; the model is at RUN/OUT. Raises as `webapprentice.train.reinforce`."""
    episodes = episodes_of(config)
    collection = f"reinforce/{config.out}"

    def play(model: Model, _update: int, names: list[str]) -> list[list[Played]]:
        wanted = [episodes[name] for name in names]
        return asyncio.run(_played(model, wanted, config, store, collection))

    about = (config.rollout, config.tasks)
    return reinforce(list(episodes), play, config.group, run / config.out, tell, about)


async def _played(
    model: Model, wanted: list[tuple[Task, int]], config: ReinforceConfig, store: Store, collection: str
) -> list[list[Played]]:
    jobs = [
        job
        for task, seed in wanted
        for job in jobs_for([task], [seed], config.group.attempts, model.key, config.rollout)
    ]
    keys = await attempt_jobs(model, jobs, config.rollout, store, collection, pool=config.pool)
    groups: dict[tuple[str, int], list[Played]] = {(task.id, seed): [] for task, seed in wanted}
    for one in store.trajectories(collection, keys):
        groups[one.task.id, one.provenance.seed].append(_as_played(one, config, model))
    return [groups[task.id, seed] for task, seed in wanted]


def _as_played(one: Trajectory, config: ReinforceConfig, model: Model) -> Played:
    """The attempt with its prompts made again; a step whose prompt differs from the one asked is left out."""
    dialect = dialect_of(config.rollout)
    history = [(step.said, step.outcome) for step in one.steps]
    steps = []
    for place, step in enumerate(one.steps):
        prompt, _ = dialect.prompt(one.goal, step.observation, history[:place], model.count)
        if prompt_key(prompt) == step.prompt_key:
            steps.append((prompt, step.said))
    lost = one.fault is not None and one.fault.owner != "agent"
    return Played(
        reward=None if lost else one.score or 0.0,
        steps=tuple(steps),
        tokens=sum(step.usage.completion_tokens for step in one.steps),
    )
