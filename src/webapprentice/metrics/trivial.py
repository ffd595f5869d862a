"""WebArena's tasks that an agent solves by refusing: it answers `stop [N/A]` whatever is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The ids in the released code of Patel et al. (2024): the 36 tasks whose reference is a fuzzy match of N/A, 8 and 772.
_IDS = frozenset(
    (
        *(8, 22, 24, 101, 115, 166, 168, 183, 191, 201, 218, 219, 225, 234, 235, 247, 253, 301, 302, 313, 368, 376),
        *(382, 491, 723, 726, 772, 783, 789, 790, *range(791, 799)),
    )
)
_WEBARENA = re.compile(r"webarena[./](\d+)", re.IGNORECASE)


def trivial_tasks(tasks: Iterable[str]) -> frozenset[str]:
    """Those of the task ids that name such a task: `webarena/22`, `browsergym/webarena.22`."""
    found = ((task, _WEBARENA.search(task)) for task in tasks)
    return frozenset(task for task, match in found if match and int(match[1]) in _IDS)
