"""Which tasks a run keeps for its exam."""

from __future__ import annotations

from functools import cache

from webapprentice.improve.config import ImproveConfig
from webapprentice.tasks import load
from webapprentice.tasks.splits import HELD_OUT


@cache
def kept_back(local: bool) -> frozenset[str]:
    """Tasks that must not be practised; those of the local sites are read where they are wanted."""
    if not local:
        return frozenset(HELD_OUT)
    from webapprentice.tasks.local import local_lists

    lists = local_lists()
    return kept_back(local=False) | lists["sites_held_out"] | lists["sites_unseen"]


def held_out_of(config: ImproveConfig) -> frozenset[str]:
    """Tasks that no practice sees: those held out by rule, and of somebody's own benchmark, which has no
    such rule, those that practice does not name."""
    exam = frozenset(task.id for task in load(config.exam.tasks, config.pool.benchmark))
    held = kept_back(any(name.startswith("sites/") for name in exam))
    if config.pool.benchmark is None:
        return held
    return held | (exam - {task.id for task in load(config.practice.tasks, config.pool.benchmark)})
