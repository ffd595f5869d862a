"""Which tasks must not run before, or beside, which others, where sites are shared and not put back in between."""

from __future__ import annotations

from collections.abc import Sequence

from webapprentice.tasks.webarena.records import TaskRecord, changes_state


def waits_for(records: Sequence[TaskRecord]) -> dict[str, tuple[str, ...]]:
    """For each `task_id`, those that must have ended before it starts; what follows from others is left out.

    References were made with the tasks run in their list's order, each on what the one before left behind. The order
    of two tasks matters where they share a site and one of them changes state; all others may run side by side.
    A deployment that gives every episode sites of its own, as our applications do, has no use for it.
    """
    changed: dict[str, str] = {}  # by site, the last task that changes it
    since: dict[str, list[str]] = {}  # by site, those that only looked since then
    found: dict[str, tuple[str, ...]] = {}
    for record in records:
        earlier: list[str] = []
        for site in record.sites:
            looked = since.setdefault(site, [])
            if changes_state(record) and looked:
                earlier += looked
            elif site in changed:
                earlier.append(changed[site])
            if changes_state(record):
                changed[site], since[site] = record.id, []
            else:
                looked.append(record.id)
        found[record.id] = tuple(dict.fromkeys(earlier))
    return found
