"""Scripts that solve MiniWoB++ tasks by the same actions as a model: proof that a task can be solved, and how soon."""

from __future__ import annotations

from typing import Final

from webapprentice.tasks.solvers.clicking import CLICKING
from webapprentice.tasks.solvers.dragging import DRAGGING
from webapprentice.tasks.solvers.drawn import DRAWN
from webapprentice.tasks.solvers.forms import FORMS
from webapprentice.tasks.solvers.longer import LONGER
from webapprentice.tasks.solvers.scene import Solver, Taken, solver
from webapprentice.tasks.solvers.without import WITHOUT

__all__ = ["SOLVERS", "WITHOUT", "Solver", "Taken"]

_DECISIONS: Final = {**CLICKING, **FORMS, **LONGER, **DRAWN, **DRAGGING}

SOLVERS: Final[dict[str, Solver]] = {f"miniwob/{name}": solver(decide) for name, decide in sorted(_DECISIONS.items())}
"""Task id → its solver."""
