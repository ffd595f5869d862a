"""Who acts: the actors of a rollout's agent, and the models that they ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Model, Sampling
from webapprentice.dialect import Dialect
from webapprentice.dialect import load as load_dialect
from webapprentice.models import ModelConfig
from webapprentice.models import load as load_model
from webapprentice.rollout import MODELLESS, Actor, Batcher, Job, ModelActor, RolloutConfig, SolverActor
from webapprentice.rollout.agents import Prompts, RandomActor, Role, ScribeActor, StagesActor, TrivialActor, Voice
from webapprentice.tasks.environments import solver_of

NO_MODEL = "scripted-solvers"
"""Stands in keys and provenance where no model acts."""
SOLVERS_ACT = "solvers"
"""Name, in place of a model's, under which the scripted solvers act."""
NOBODY = "none"
"""Name, in place of a model's, for agents that ask none."""

ActorOf = Callable[[Job], Actor]


def dialect_of(config: RolloutConfig) -> Dialect:
    """The dialect of a rollout's steps, with its budget where one was set, and the user's own wording of its prompt."""
    dialect = load_dialect(config.spelling)
    if config.agent in ("webarena", "scribe"):
        dialect = dialect.with_(wording=Prompts(config.prompts).replaced(config.agent))
    return dialect.with_(budget=config.budget) if config.budget else dialect


class Cast:
    """The models of an agent's roles, each loaded once however many rollouts a command makes."""

    def __init__(self, load: Callable[[str, ModelConfig], Model] = load_model) -> None:
        self._load = load
        self._loaded: dict[str, Model] = {}

    def models(self, config: RolloutConfig, places: Mapping[str, str] | None = None) -> dict[str, Model]:
        """Name → model, of every role that is not the run's own model's; `places` says where a name is found here.

        Raises as `webapprentice.models.load`.
        """
        names = roles_of(config).values()
        for name in names:
            if name not in self._loaded:
                self._loaded[name] = self._load((places or {}).get(name, name), config.stages.options)
        return {name: self._loaded[name] for name in names}


def roles_of(config: RolloutConfig) -> dict[Role, str]:
    """Role → name of its model, where the agent has roles and that is not the run's own model."""
    return config.stages.roles.named() if config.agent == "stages" else {}


def acting_model(name: str, options: ModelConfig, config: RolloutConfig) -> Model | None:
    """The model of this name; None where none is asked. Raises UsageError where the agent and the name do not fit."""
    if config.agent in MODELLESS:
        return None
    if name == NOBODY:
        raise UsageError(f"agent={config.agent} asks a model; name one, or set rollout.agent=trivial or random")
    if name == SOLVERS_ACT and config.agent != "dialect":
        raise UsageError(f"scripted solvers act by themselves, not as agent={config.agent}; name a model")
    return None if name == SOLVERS_ACT else load_model(name, options)


def player(model: Model | None, config: RolloutConfig) -> str:
    """Whose attempts these are: key of the model, or the name of what acts without one."""
    if config.agent in MODELLESS:
        return f"agent:{config.agent}"
    return model.key if model else NO_MODEL


def playing_key(model: Model | None, config: RolloutConfig, roles: Mapping[str, Model]) -> str:
    """As `player`, with the models of the roles: what an attempt's key is made of."""
    named = {role: roles[name].key for role, name in roles_of(config).items()}
    return key_of(player(model, config), named) if named else player(model, config)


@asynccontextmanager
async def acting(
    model: Model | None,
    config: RolloutConfig,
    batch: int,
    roles: Mapping[str, Model],
    file: Path | None = None,
) -> AsyncIterator[ActorOf]:
    """The actor of each job; `batch` prompts go into one call of a model. Without a model the scripted solvers act, or
    the agent that asks none; `file` describes the benchmark whose tasks are solved, where that is one of its own."""
    dialect = dialect_of(config)
    if config.agent in MODELLESS or model is None:
        yield partial(_modelless, dialect, config, file)
        return
    batchers = {"": Batcher(model, batch), **{name: Batcher(one, batch) for name, one in roles.items()}}
    serving = [asyncio.create_task(one.serve()) for one in batchers.values()]
    asked: dict[str, Model] = {"": model, **roles}
    voices = {name: Voice(batchers[name].ask, one.count, one.key) for name, one in asked.items()}
    try:
        yield partial(_actor, dialect, config, batchers[""], voices)
    finally:
        for one in serving:
            one.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def _modelless(dialect: Dialect, config: RolloutConfig, file: Path | None, job: Job) -> Actor:
    if config.agent == "trivial":
        return TrivialActor(dialect)
    if config.agent == "random":
        return RandomActor(job.task, job.seed, job.attempt, dialect)
    solve = solver_of(job.task, file)
    assert solve is not None  # `attempt_all` has refused tasks without one
    return SolverActor(job.task, solve, dialect)


def _actor(dialect: Dialect, config: RolloutConfig, batcher: Batcher, voices: Mapping[str, Voice], job: Job) -> Actor:
    sampling = Sampling(
        temperature=config.temperature,
        top_p=config.top_p,
        max_tokens=config.max_tokens or dialect.answer,
        seed=int(job.key[:8], 16),
    )
    if config.agent == "scribe":
        return ScribeActor(voices[""], dialect, sampling, config.stages)
    if config.agent == "stages":
        every: tuple[Role, ...] = ("refine", "act", "choose", "translate", "check")
        names = roles_of(config)
        cast = {role: voices[names.get(role, "")] for role in every}
        prompts = Prompts(config.prompts)
        worded = dialect.with_(wording=prompts.replaced("scribe"))
        return StagesActor(job.task, cast, worded, sampling, config.stages, prompts)
    return ModelActor(batcher, dialect, sampling, voices[""].count, config.grounded)
