"""VERTEX_DTW: ours against a straightforward implementation, in turns in one run, without the embedding.

    python bench/bench_vertex.py [--tasks 812] [--references 3] [--steps 15] [--dimensions 384] [--rounds 3]

Random nodes; lengths vary by a third about `--steps`. `loops`: a product of matrices for each pair of trajectories, the
alignment cell by cell in Python. `cells`: as the released code does, a distance function for each cell; it is run on a
tenth of the tasks and its time taken ten times. `align` and `walk`: the alignments alone, ours and in Python. Seconds
are of processor time; set OMP_NUM_THREADS=1 for one core. The last line but one is JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from webapprentice.metrics.vertex import Attempt, align, vertex

Floats = npt.NDArray[np.float64]
_TIE = 1e-10


def material(tasks: int, references: int, steps: int, dimensions: int) -> list[Attempt]:
    random = np.random.default_rng(0)

    def nodes() -> npt.NDArray[np.float32]:
        many = random.integers(max(1, steps * 2 // 3), steps * 4 // 3 + 1)
        rows = random.normal(size=(many, 1, dimensions)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=2, keepdims=True)

    return [Attempt([nodes() for _ in range(references)], nodes(), nodes()[:1]) for _ in range(tasks)]


def plain(attempt: Attempt, distances: Callable[[Floats, Floats], list[list[float]]]) -> float:
    """The formula as it stands, one cell after another."""
    assert attempt.test is not None
    assert attempt.baseline is not None
    test, base = attempt.test[:, 0].astype(np.float64), attempt.baseline[:, 0].astype(np.float64)
    best = -math.inf
    for nodes in attempt.references:
        reference = nodes[:, 0].astype(np.float64)
        cost = distances(reference, test)
        path = walk(cost)
        total = 0.0
        for i, j in path:
            beta = math.exp(-float(((reference[i] - base[i]) ** 2).sum())) if i < len(base) else 0.0
            kernel = math.exp(-float(((reference[i] - test[j]) ** 2).sum()))
            total += (min(max(kernel, 0.0), 1.0) - beta) / (1 + abs(i - j))
        best = max(best, total / len(path))
    return best


def walk(cost: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    rows, columns = len(cost), len(cost[0])
    total = [[math.inf] * (columns + 1) for _ in range(rows + 1)]
    total[0][0] = 0.0
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            total[i][j] = cost[i - 1][j - 1] + min(total[i - 1][j], total[i][j - 1], total[i - 1][j - 1])
    i, j = rows, columns
    path = [(i - 1, j - 1)]
    while (i, j) != (1, 1):
        both, up, left = total[i - 1][j - 1], total[i - 1][j], total[i][j - 1]
        if both <= min(up, left) + _TIE:
            i, j = i - 1, j - 1
        elif up <= left:
            i -= 1
        else:
            j -= 1
        path.append((i - 1, j - 1))
    return path[::-1]


def by_matrix(reference: Floats, test: Floats) -> list[list[float]]:
    return (1.0 - reference @ test.T).tolist()


def by_cell(reference: Floats, test: Floats) -> list[list[float]]:
    def distance(x: Floats, y: Floats) -> float:
        return 1.0 - float(np.dot(x, y)) / (float(np.linalg.norm(x)) * float(np.linalg.norm(y)))

    return [[distance(x, y) for y in test] for x in reference]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("tasks", 812), ("references", 3), ("steps", 15), ("dimensions", 384), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    attempts = material(asked.tasks, asked.references, asked.steps, asked.dimensions)
    some = attempts[: max(1, len(attempts) // 10)]
    spent: dict[str, list[float]] = {"ours": [], "loops": [], "cells": [], "align": [], "walk": []}
    tables = [
        1.0 - reference[:, 0].astype(np.float64) @ one.test[:, 0].astype(np.float64).T
        for one in attempts
        for reference in one.references
        if one.test is not None
    ]
    lists = [table.tolist() for table in tables]
    for _ in range(asked.rounds):
        began = time.process_time()
        ours = vertex(attempts)
        spent["ours"].append(time.process_time() - began)
        began = time.process_time()
        loops = [plain(one, by_matrix) for one in attempts]
        spent["loops"].append(time.process_time() - began)
        began = time.process_time()
        cells = [plain(one, by_cell) for one in some]
        spent["cells"].append((time.process_time() - began) * len(attempts) / len(some))
        began = time.process_time()
        align(tables)
        spent["align"].append(time.process_time() - began)
        began = time.process_time()
        for table in lists:
            walk(table)
        spent["walk"].append(time.process_time() - began)
        print(", ".join(f"{name} {seconds[-1]:.3f} s" for name, seconds in spent.items()), flush=True)
    worst = max(abs((a or 0.0) - b) for a, b in zip(ours, loops, strict=True))
    worst = max(worst, *(abs((a or 0.0) - b) for a, b in zip(ours, cells, strict=False)))
    if worst > 1e-6:  # nodes in single precision have length 1 to seven digits
        raise SystemExit(f"the scores differ by {worst:g}")
    median = {name: statistics.median(seconds) for name, seconds in spent.items()}
    print(json.dumps({**{name: round(s, 4) for name, s in median.items()}, "largest_difference": worst}))
    faster = ", ".join(f"{median[name] / median['ours']:.1f} x {name}" for name in ("loops", "cells"))
    alone = f"alignments alone {median['align']:.3f} s, {median['walk'] / median['align']:.1f} x walk"
    print(f"{asked.tasks} tasks x {asked.references} references: {median['ours']:.2f} s; {faster}; {alone}")


if __name__ == "__main__":
    sys.exit(main())
