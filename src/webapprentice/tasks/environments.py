"""Which worlds the tasks of a benchmark are played in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from pathlib import Path

from webapprentice.browser import BrowserConfig
from webapprentice.core.actions import Action
from webapprentice.core.faults import Fault, FaultError, Owner, UsageError
from webapprentice.core.protocols import World
from webapprentice.core.records import Observation, Step, Task
from webapprentice.tasks import miniwob
from webapprentice.tasks.benchmark import BenchmarkConfig
from webapprentice.tasks.gold import NotThere, action_of
from webapprentice.tasks.miniwob import MiniWob
from webapprentice.tasks.registry import BENCHMARK
from webapprentice.tasks.siteworld import SiteWorld, site_worlds
from webapprentice.tasks.solvers import SOLVERS

LOCAL = "sites"

Solver = Callable[[str, Observation, Sequence[Step]], Action]


def benchmark_of(tasks: Iterable[Task]) -> str:
    """The benchmark that all of these tasks belong to. Raises UsageError where there are several."""
    names = sorted({task.benchmark.partition("/")[0] for task in tasks})
    if len(names) > 1:
        raise UsageError(f"tasks of one run belong to one benchmark, not to {', '.join(names)}; run them one by one")
    return names[0] if names else BENCHMARK


@asynccontextmanager
async def worlds_of(
    benchmark: str, count: int, browser: BrowserConfig, port: int = 0, file: Path | None = None
) -> AsyncIterator[Sequence[MiniWob | SiteWorld]]:
    """`count` worlds for tasks of this benchmark; `file` describes one that is neither MiniWoB++ nor the local sites.

    Raises UnavailableError when Chromium, the pages or what serves the sites is missing, UsageError where the file is
    needed or wrong.
    """
    if benchmark == BENCHMARK:
        async with miniwob.worlds(count, browser, port) as played:
            yield played
    elif benchmark == LOCAL:
        from webapprentice.sites import every
        from webapprentice.sites.serving import Serving
        from webapprentice.tasks.local import local_benchmark

        with Serving(every()) as serving:
            async with site_worlds(local_benchmark(serving), count, browser) as walked:
                yield walked
    else:
        async with site_worlds(described(benchmark, file), count, browser) as walked:
            yield walked


class Played:
    """Tasks of one benchmark with their worlds: what `conformance.examine` wants."""

    def __init__(self, tasks: Sequence[Task], file: Path | None = None, browser: BrowserConfig | None = None) -> None:
        self.tasks = tasks
        self._file = file
        self._browser = browser or BrowserConfig()

    def worlds(self, count: int) -> AbstractAsyncContextManager[Sequence[World]]:
        """So many worlds, closed on the way out."""
        return worlds_of(benchmark_of(self.tasks), count, self._browser, file=self._file)

    def solution(self, task: Task) -> Solver | None:
        """What solves a task."""
        return solver_of(task, self._file)


def described(benchmark: str, file: Path | None) -> BenchmarkConfig:
    """What the file says of this benchmark. Raises UsageError where there is no file, or it is another's."""
    if file is None:
        raise UsageError(f"tasks of {benchmark} need its benchmark file: set pool.benchmark=FILE.yaml")
    found = BenchmarkConfig.read(file)
    if found.name != benchmark:
        raise UsageError(f"{file} describes {found.name}, not {benchmark}; name the file whose tasks are asked for")
    return found


def one_state_for_all(benchmark: str, file: Path | None) -> bool:
    """Whether every browser sees what another has done; not asked where no file tells. Raises UsageError as `described`
    does."""
    return benchmark not in (BENCHMARK, LOCAL) and file is not None and not described(benchmark, file).own_state


def solver_of(task: Task, file: Path | None = None) -> Solver | None:
    """What solves a task without a model; None where nothing is known."""
    if task.id in SOLVERS:
        return SOLVERS[task.id]
    benchmark = task.benchmark.partition("/")[0]
    if benchmark == LOCAL:
        from webapprentice.tasks.local import local_solutions

        lines = local_solutions().get(task.id)
    else:
        lines = _solutions(benchmark, file, _stamp(file)).get(task.id) if file is not None else None
    return None if lines is None else line_by_line(task, lines)


@lru_cache(maxsize=8)
def _solutions(benchmark: str, file: Path, stamp: tuple[int, ...]) -> Mapping[str, tuple[str, ...]]:  # noqa: ARG001
    """What the file's solutions are, read once: a run asks for each of its tasks."""
    return described(benchmark, file).solutions()


def _stamp(file: Path) -> tuple[int, ...]:
    """When the file and what stands beside it were last written."""
    found = sorted(path for path in file.absolute().parent.glob("*") if path.suffix in (".yaml", ".yml", ".json"))
    return tuple(path.stat().st_mtime_ns for path in found)


def line_by_line(task: Task, lines: Sequence[str]) -> Solver:
    """A solver that takes one line of a solution a step. What a line names and the page lacks is a fault of ours."""

    def decide(_goal: str, seen: Observation, steps: Sequence[Step]) -> Action:
        line = lines[len(steps)] if len(steps) < len(lines) else "stop"
        try:
            return action_of(line, seen)
        except NotThere as error:
            message = f"{task.id}, line {len(steps) + 1} ({line}): {error}"
            raise FaultError(Fault(owner=Owner.US, kind="solution_wrong", message=message[:300])) from error

    return decide
