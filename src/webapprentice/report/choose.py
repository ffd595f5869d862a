"""Which trajectories a report shows: a fixed mixture of kinds, picked by key and not by looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from webapprentice.core.actions import Drag
from webapprentice.core.keys import seed_for
from webapprentice.core.records import Element, Observation, Step, Trajectory
from webapprentice.report.data import Attempt, Case, CaseKind, ShownStep, Split

PageText = Callable[[Trajectory, Step], str | None]
"""The page text that was read before a step; None where it cannot be had."""
Picture = Callable[[str], bytes | None]
"""The bytes of a screenshot by its blob key; None where they are gone."""

_QUOTAS = {
    CaseKind.GAINED: 4,
    CaseKind.LOST: 2,
    CaseKind.BOTH_FAIL: 2,
    CaseKind.BOTH_SUCCEED: 1,
    CaseKind.KEPT_GOOD: 1,
    CaseKind.KEPT_BAD: 1,
    CaseKind.DROPPED_GOOD: 1,
    CaseKind.DROPPED_BAD: 1,
    CaseKind.FAULT: 1,
}


def attempt(
    trajectory: Trajectory, arm: str, *, page: PageText, picture: Picture, dropped_by: str | None = None
) -> Attempt:
    """A trajectory as a report shows it."""
    fault = trajectory.fault
    return Attempt(
        arm=arm,
        steps=tuple(_shown(trajectory, step, page, picture) for step in trajectory.steps),
        ending=trajectory.ending,
        score=trajectory.score,
        fault="" if fault is None else f"{fault.owner}, {fault.kind}: {fault.message}",
        dropped_by=dropped_by,
        temperature=trajectory.provenance.temperature,
        seconds=trajectory.seconds,
        key=trajectory.key,
    )


def choose(
    base: Sequence[Trajectory],
    improved: Sequence[Trajectory],
    practice: Sequence[Trajectory] = (),
    dropped: Mapping[str, str] | None = None,
    *,
    page: PageText,
    picture: Picture,
    titles: tuple[str, str] = ("base", "improved"),
    held_out: frozenset[str] = frozenset(),
    most: int = 14,
) -> tuple[Case, ...]:
    """At most `most` cases of all kinds that exist, spread over tasks.

    `base` and `improved` are examinations, paired by task, seed, attempt and temperature. `practice` are the attempts
    that the filter saw; `dropped` maps the key of a refused one to the rule's name. Within a kind the order is that
    of a hash of the key, so nobody chose the pretty ones.
    """
    refused = dropped or {}
    others = {_place(trajectory): trajectory for trajectory in improved}
    pools: dict[CaseKind, list[tuple[Trajectory, ...]]] = {kind: [] for kind in CaseKind}
    for before in base:
        after = others.get(_place(before))
        if after is not None:
            pools[_paired(before, after)].append((before, after))
    if dropped is not None:
        for tried in practice:
            pools[_filtered(tried, tried.key in refused)].append((tried,))
    chosen = _pick(pools, most)

    def shown(kind: CaseKind, members: tuple[Trajectory, ...]) -> Case:
        first = members[0]
        names = titles if len(members) == 2 else ("practice",)
        return Case(
            kind=kind,
            task=first.task.id,
            goal=first.goal,
            seed=first.provenance.seed,
            split=Split.HELD_OUT if first.task.id in held_out else Split.ATTEMPTED,
            attempts=tuple(
                attempt(member, name, page=page, picture=picture, dropped_by=refused.get(member.key))
                for member, name in zip(members, names, strict=True)
            ),
        )

    return tuple(shown(kind, members) for kind, members in chosen)


def _pick(
    pools: Mapping[CaseKind, Sequence[tuple[Trajectory, ...]]], most: int
) -> list[tuple[CaseKind, tuple[Trajectory, ...]]]:
    """Quotas first, one case a task where that is possible; then whatever is left, until there are `most`."""
    ordered = {kind: sorted(pool, key=lambda members: seed_for(members[0].key)) for kind, pool in pools.items()}
    seen: set[str] = set()
    chosen: list[tuple[CaseKind, tuple[Trajectory, ...]]] = []
    rest: list[tuple[CaseKind, tuple[Trajectory, ...]]] = []
    for kind, pool in ordered.items():
        quota = _QUOTAS.get(kind, 0)
        first: dict[str, str] = {}
        for members in pool:
            first.setdefault(members[0].task.id, members[0].key)
        fresh = [members for members in pool if first[members[0].task.id] == members[0].key]
        again = [members for members in pool if first[members[0].task.id] != members[0].key]
        queue = sorted(fresh, key=lambda members: members[0].task.id in seen) + again
        chosen += [(kind, members) for members in queue[:quota]]
        rest += [(kind, members) for members in queue[quota:]]
        seen |= {members[0].task.id for members in queue[:quota]}
    chosen = chosen[:most]
    rest.sort(key=lambda item: (item[1][0].task.id in seen, seed_for(item[1][0].key)))
    kinds = list(CaseKind)
    return sorted(chosen + rest[: most - len(chosen)], key=lambda item: kinds.index(item[0]))


def _place(trajectory: Trajectory) -> tuple[str, int, int, float | None]:
    origin = trajectory.provenance
    return trajectory.task.id, origin.seed, origin.attempt, origin.temperature


def _paired(before: Trajectory, after: Trajectory) -> CaseKind:
    if not (before.countable and after.countable):
        return CaseKind.FAULT
    kinds = {
        (False, True): CaseKind.GAINED,
        (True, False): CaseKind.LOST,
        (False, False): CaseKind.BOTH_FAIL,
        (True, True): CaseKind.BOTH_SUCCEED,
    }
    return kinds[before.succeeded, after.succeeded]


def _filtered(tried: Trajectory, refused: bool) -> CaseKind:
    if not tried.countable:
        return CaseKind.FAULT
    if refused:
        return CaseKind.DROPPED_GOOD if tried.succeeded else CaseKind.DROPPED_BAD
    return CaseKind.KEPT_GOOD if tried.succeeded else CaseKind.KEPT_BAD


def _shown(trajectory: Trajectory, step: Step, page: PageText, picture: Picture) -> ShownStep:
    seen = step.observation
    target = _element(seen, getattr(step.action, "node", None))
    second = _element(seen, step.action.to) if isinstance(step.action, Drag) else None
    return ShownStep(
        page=page(trajectory, step),
        url=seen.url,
        screenshot=None if seen.screenshot is None else picture(seen.screenshot),
        viewport=seen.viewport,
        box=None if target is None else target.box,
        box_to=None if second is None else second.box,
        target=_words(target),
        said=step.said,
        action=step.action,
        unread=step.unread,
        outcome=step.outcome,
        probability=None if step.logprob is None else min(1.0, math.exp(step.logprob)),
        seconds=step.seconds,
    )


def _element(seen: Observation, node: int | None) -> Element | None:
    return None if node is None else seen.element(node)


def _words(element: Element | None) -> str:
    if element is None:
        return ""
    name = element.name or element.attributes.get("placeholder", "") or element.attributes.get("id", "")
    return f"{element.role or element.tag} {name}".strip()
