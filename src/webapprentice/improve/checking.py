"""What is refused before hours of practice, and which tasks are held out from it."""

from __future__ import annotations

from pathlib import Path

from webapprentice.core.faults import UsageError
from webapprentice.core.records import Task
from webapprentice.evaluate import dialect_of
from webapprentice.improve.config import ImproveConfig
from webapprentice.language import Spelling
from webapprentice.models.embedding import embedder
from webapprentice.synthesis.prompts import Prompts
from webapprentice.tasks import load as load_tasks
from webapprentice.tasks.splits import HELD_OUT, kept_for_exams


def held_out_of(config: ImproveConfig) -> frozenset[str]:
    """Ids of held-out tasks: by rule or, of somebody's own benchmark, what the exam asks and practice does not."""
    asked = load_tasks(config.exam.tasks, config.pool.benchmark)
    found = frozenset(HELD_OUT) | {task.id for task in asked if kept_for_exams(task)}
    if config.pool.benchmark is None:
        return found
    practised = {task.id for task in load_tasks(config.practice.tasks, config.pool.benchmark)}
    return found | {task.id for task in asked if task.id not in practised}


def practice_tasks(config: ImproveConfig) -> list[Task]:
    """Tasks of practice. Raises UsageError when practice would see what the exam asks."""
    tasks = load_tasks(config.practice.tasks, config.pool.benchmark)
    held = sorted(task.id for task in tasks if kept_for_exams(task))
    if held:
        raise UsageError(
            f"practice would attempt {held[0]}, a held-out task or a copy of one; leave it out of practice.tasks"
        )
    first, exam = config.practice.first_seed, config.exam
    practised = range(first, first + config.rounds * config.practice.seeds)
    if set(practised) & set(range(exam.first_seed, exam.first_seed + exam.seeds)):
        raise UsageError("practice and exam would share seeds; set exam.first_seed further away")
    return tasks


def check(config: ImproveConfig) -> None:
    """Raise UsageError for what would be found out only after hours of practice."""
    practice_tasks(config)
    for rollout in (config.practice.rollout, config.exam.rollout):
        if rollout.grounded and dialect_of(rollout).spelling is not Spelling.COMPACT:
            raise UsageError(
                f"only the compact dialect can be held to the page; with {rollout.dialect} leave grounded off"
            )
    if config.author is not None:
        Prompts.load(config.author.prompts)
        embedder(config.author.embedder)
    name = config.model
    if name.startswith(("scripted:", "openai:", "http://", "https://")):
        raise UsageError(f"{name} cannot be fine-tuned; examine it with `apprentice evaluate`, or name a checkpoint")
    if config.options.adapter is not None or (Path(name) / "adapter_config.json").is_file():
        raise UsageError("a run starts from whole weights, not from an adapter; train it with merge=true and name that")
    if config.options.thinking:
        raise UsageError("training renders prompts without a thinking block; leave options.thinking off")
    spelling = dialect_of(config.practice.rollout).spelling
    if config.inventing and config.author is None and spelling is not Spelling.COMPACT:
        raise UsageError(
            f"{config.inventing[0]} wants made-up examples, which a model writes by itself in the compact dialect "
            "only; name an author: author.model=self, or the address of a server"
        )
    rules = config.filter.rules
    if rules is not None and (
        len(config.arms) > 1 or ("reward" in rules) is not (config.mixture(config.arms[0]).filter == "reward")
    ):
        raise UsageError("filter.rules would replace the rules of every arm; leave it out, or name one arm for it")
