"""What is recorded, free of secrets, in the spool and in the store: nothing is written but through here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from webapprentice.core.faults import UnavailableError
from webapprentice.core.records import (
    Ending,
    Observation,
    Outcome,
    Result,
    Source,
    Step,
    Target,
    Trajectory,
)
from webapprentice.recorder.config import RecordConfig
from webapprentice.recorder.events import Event
from webapprentice.recorder.folding import Draft, Fold, said
from webapprentice.recorder.looks import Box, Shot, changed, picture
from webapprentice.recorder.spool import Header, Spool
from webapprentice.redaction import Redactor
from webapprentice.redaction.fields import random_looking, secret_value
from webapprentice.store import Episode, Store

REMEMBERED = 64
"""Observations that are kept in memory."""


class Keeper:
    """One recording on its way to the disk."""

    def __init__(self, store: Store, spool: Spool, config: RecordConfig, redactor: Redactor | None) -> None:
        self.fold = Fold()
        self.header: Header = spool.header
        self.redactor = redactor
        self._store = store
        self._spool = spool
        self._pictures = config.pictures
        self._alias = config.alias
        self._held: OrderedDict[str, Observation] = OrderedDict()
        self._stored: list[Draft] = []
        """Those whose steps are in the store."""
        self._begun = False

    @classmethod
    @contextmanager
    def open(cls, store: Store, path: Path, header: Header, config: RecordConfig) -> Iterator[Self]:
        """A recording in a spool of its own, whose header is cleaned like everything else."""
        redactor = Redactor() if config.redact else None
        if redactor is not None:
            urls = tuple(map(redactor.url, header.task.start_urls))
            goal = redactor.clean(header.goal)
            header = header.with_(goal=goal, task=header.task.with_(start_urls=urls, goal=goal or None))
        with Spool(path, header) as spool:
            yield cls(store, spool, config, redactor)

    # Cleaning

    def learn(self, secrets: Sequence[dict[str, Any]]) -> None:
        """Learn what secret fields hold; of hidden ones, what looks like a secret."""
        if self.redactor is None:
            return
        for one in secrets:
            kind, value = one["kind"], one["value"]
            if kind == "hidden":
                kind = secret_value(one["name"], value) or ("hidden" if random_looking(value) else "")
            if kind and value.strip():
                self.redactor.learn(kind, value)

    def clean(self, text: str) -> str:
        """The text without secrets."""
        return text if self.redactor is None else self.redactor.clean(text)

    def address(self, url: str) -> str:
        """The address without secrets, and as it is to be kept."""
        url = url if self._alias is None else url.replace(*self._alias)
        return url if self.redactor is None else self.redactor.url(url)

    def look(self, seen: Observation, html: str | None, shot: Shot | None = None, target: int | None = None) -> str:
        """Keep what was seen; gives the key of its observation."""
        raw, redactor = seen, self.redactor
        if redactor is not None:
            seen, html = self._cleaned(redactor, seen, html)
        tabs = tuple(
            tab.model_copy(update={"url": self.address(tab.url), "title": self.clean(tab.title)}) for tab in seen.tabs
        )
        changes: dict[str, Any] = {"tabs": tabs, "url": self.address(seen.url), "title": self.clean(seen.title)}
        with self._store.together():
            if html is not None:
                html = html if self._alias is None else html.replace(*self._alias)
                changes["html"] = self._store.put(html.encode("utf-8", "replace"))
            drawn = self._drawn(raw, seen, shot, target)
            if drawn is not None:
                changes["screenshot"] = self._store.put(drawn)
            seen = seen.model_copy(update=changes)
            key = self._store.put(seen.model_dump_json().encode())
        self._remember(key, seen)
        return key

    @staticmethod
    def _cleaned(redactor: Redactor, seen: Observation, html: str | None) -> tuple[Observation, str | None]:
        """Both without secrets: what either of them shows is learned before the other is cleaned."""
        cleaned = None if html is None else redactor.html(html)
        known = len(redactor.known)
        seen = redactor.observation(seen)
        if html is not None and len(redactor.known) > known:
            cleaned = redactor.html(html)
        return seen, cleaned

    def _drawn(self, raw: Observation, seen: Observation, shot: Shot | None, target: int | None) -> bytes | None:
        """The picture, with the target marked and what is secret painted over, then and now."""
        if shot is None or not self._pictures:
            return None
        covers: list[Box] = []
        if self.redactor is not None:
            covers = changed(raw, seen)
            if shot.observation.elements != raw.elements:
                covers += changed(shot.observation, self.redactor.observation(shot.observation))
        try:
            return picture(shot.png, raw.element(target) if target is not None else None, covers)
        except UnavailableError:
            self._pictures = False
            return None

    def _remember(self, key: str, seen: Observation) -> Observation:
        self._held[key] = seen
        while len(self._held) > REMEMBERED:
            self._held.popitem(last=False)
        return seen

    def observation(self, key: str | None) -> Observation:
        """What was kept under this key; nothing for nothing."""
        if key is None:
            return Observation(url="about:blank")
        held = self._held.get(key)
        return held or self._remember(key, Observation.model_validate_json(self._store.blob(key)))

    def target(self, target: Target | None) -> Target | None:
        """The target, without the locators that a secret stands in."""
        if target is None or self.redactor is None:
            return target
        kept = [one for one in target.locators if all(self.clean(text) == text for text in one.value)]
        hosts = tuple(
            self.address(host) if host.startswith("frame http") else self.clean(host) for host in target.hosts
        )
        return target.with_(name=self.clean(target.name), hosts=hosts, locators=tuple(kept))

    # Writing

    def take(self, event: Event) -> None:
        """Make one event, which must be clean, durable, and the steps that follow from it."""
        self._spool.put(event)
        self.fold.take(event)
        self.save()

    def again(self, events: Sequence[Event]) -> None:
        """Take over the events of an earlier process."""
        for event in events:
            if self.redactor is not None:
                self.redactor.reserve(event.model_dump_json())
                if event.seen is not None:
                    self.redactor.reserve(self._store.blob(event.seen).decode())
            self.fold.take(event)
        self.save()

    def save(self, *, whole: bool = False) -> None:
        """Write the steps that will not change any more, or all of them."""
        drafts = self.fold.drafts
        ready = len(drafts) if whole or self.fold.ended else len(drafts) - 1
        kept = drafts[: max(0, ready)]
        if self._begun and kept[: len(self._stored)] == self._stored:
            fresh = range(len(self._stored), len(kept))
        else:
            fresh, self._begun = range(len(kept)), True
            self._store.begin(
                Episode(
                    key=self.header.key,
                    collection=self.header.collection,
                    task=self.header.task,
                    goal=self.goal,
                    source=Source.RECORDED,
                    provenance=self.header.provenance,
                )
            )
        for number in fresh:
            self._store.append(self.header.key, self._step(number))
        self._stored = list(kept)

    @property
    def goal(self) -> str:
        """The objective, as it was said last."""
        return self.clean(self.fold.goal or self.header.goal)

    def steps(self) -> list[Step]:
        """All steps so far."""
        return [self._step(number) for number in range(len(self.fold.drafts))]

    def _step(self, number: int, message: str = "") -> Step:
        drafts = self.fold.drafts
        draft = drafts[number]
        seen = self.observation(draft.seen)
        later = drafts[number + 1].seen if number + 1 < len(drafts) else None
        after = self.observation(later) if later is not None else None
        changed = None if after is None else (after.elements, after.url) != (seen.elements, seen.url)
        before = drafts[number - 1].at if number else draft.at
        return Step(
            index=number,
            observation=seen,
            said=said(draft.action, draft.targets),
            action=draft.action,
            outcome=Outcome(result=Result.DONE, changed=changed, message=message),
            seconds=max(0.0, draft.at - before),
            targets=draft.targets,
        )

    def finish(
        self, ending: Ending, final: str | None = None, score: float | None = None, message: str = ""
    ) -> Trajectory:
        """The whole recording as a trajectory, in the store; the spool goes."""
        self.save(whole=True)
        drafts = self.fold.drafts
        steps = [self._step(number) for number in range(len(drafts))]
        if steps and message:
            steps[-1] = self._step(len(drafts) - 1, message)
        trajectory = Trajectory(
            key=self.header.key,
            task=self.header.task.with_(goal=self.goal or None),
            goal=self.goal,
            source=Source.RECORDED,
            steps=tuple(steps),
            final=self.observation(final) if final is not None else None,
            ending=ending,
            score=score,
            raw_reward=score,
            provenance=self.header.provenance,
            seconds=max(0.0, drafts[-1].at - drafts[0].at) if drafts else 0.0,
        )
        if message and steps:  # the last step says so: the steps are written anew
            self._store.begin(
                Episode(
                    key=trajectory.key,
                    collection=self.header.collection,
                    task=trajectory.task,
                    goal=trajectory.goal,
                    source=Source.RECORDED,
                    provenance=trajectory.provenance,
                )
            )
            for step in steps:
                self._store.append(trajectory.key, step)
        self._store.finish(self.header.collection, trajectory)
        self._spool.remove()
        return trajectory
