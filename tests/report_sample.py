"""A made-up report with all its parts, for tests and for looking at. No number in it was measured."""

from __future__ import annotations

import math
import struct
import zlib

from webapprentice.core.actions import Click, Drag, Select, Type
from webapprentice.core.records import Ending, Outcome, Result
from webapprentice.metrics import Interval, wilson
from webapprentice.report import (
    Arm,
    Attempt,
    Case,
    CaseKind,
    Cell,
    Curation,
    Difference,
    LossPoint,
    Origin,
    Rate,
    ReportData,
    Role,
    RuleRow,
    ShownStep,
    Split,
    Stage,
    TaskRow,
    Training,
)

NAMES = [
    "ascending-numbers",
    "bisect-angle",
    "book-flight-nodelay",
    "buy-ticket",
    "choose-date-easy",
    "choose-list",
    "circle-center",
    "click-button",
    "click-button-sequence",
    "click-checkboxes",
    "click-checkboxes-large",
    "click-checkboxes-soft",
    "click-checkboxes-transfer",
    "click-collapsible",
    "click-collapsible-2",
    "click-color",
    "click-dialog",
    "click-dialog-2",
    "click-link",
    "click-menu",
    "click-option",
    "click-pie",
    "click-scroll-list",
    "click-shades",
    "click-shape",
    "click-tab",
    "click-tab-2",
    "click-tab-2-easy",
    "click-tab-2-hard",
    "click-test",
    "click-test-2",
    "click-test-transfer",
    "click-widget",
    "copy-paste",
    "count-shape",
    "drag-box",
    "drag-item",
    "drag-items",
    "email-inbox-delete",
    "email-inbox-reply",
    "enter-date",
    "enter-password",
    "enter-text",
    "enter-text-2",
    "enter-text-dynamic",
    "find-word",
    "focus-text",
    "focus-text-2",
    "grid-coordinate",
    "guess-number",
    "identify-shape",
    "login-user",
    "login-user-popup",
    "multi-layouts",
    "navigate-tree",
    "read-table",
    "search-engine",
]


def rate(solved: int, counted: int, faults: int | None = 0) -> Rate:
    return Rate(solved=solved, counted=counted, faults=faults, interval=wilson(solved, counted))


def wobble(*parts: object) -> float:
    return zlib.crc32(repr(parts).encode()) / 2**32


def png(width: int, height: int, shapes: tuple[tuple[int, int, int, int, int], ...] = ()) -> bytes:
    """A grey picture with darker boxes."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        row = bytearray([250]) * width
        for x, top, wide, high, shade in shapes:
            if top <= y < top + high:
                row[x : x + wide] = bytes([shade]) * wide
        rows += row

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    )


def cells() -> tuple[Cell, ...]:
    found = []
    truth = {"base": (0.306, 0.398), "none": (0.324, 0.407), "label_free": (0.398, 0.439), "reward": (0.454, 0.544)}
    for arm, successes in truth.items():
        for temperature, success in zip((1.0, 0.0), successes, strict=True):
            for split, n, tasks in ((Split.ALL, 1140, 57), (Split.ATTEMPTED, 800, 40), (Split.HELD_OUT, 340, 17)):
                lift = 0.04 if split is Split.ATTEMPTED else -0.09 if split is Split.HELD_OUT else 0.0
                faults = int(4 * wobble(arm, temperature, split))
                solved = round((success + lift) * (n - faults))
                value = success - truth["base"][0 if temperature else 1] - (0.02 if split is Split.HELD_OUT else 0.0)
                spread = 0.055 if split is Split.ALL else 0.08
                difference = Difference(
                    value=value,
                    interval=Interval(estimate=value, low=value - spread, high=value + spread * 1.2),
                    pairs=n - faults,
                    clusters=tasks,
                    better=round(tasks * 0.45),
                    worse=round(tasks * 0.2),
                    sign_p=0.013 if temperature else 0.21,
                )
                found.append(
                    Cell(
                        arm=arm,
                        temperature=temperature,
                        split=split,
                        rate=rate(solved, n - faults, faults),
                        tasks=tasks,
                        difference=None if arm == "base" else difference,
                        by_seed=(success - 0.01, success + 0.01) if arm == "label_free" else (),
                    )
                )
    return tuple(found)


def task_rows() -> tuple[TaskRow, ...]:
    rows = []
    for index, name in enumerate(NAMES):
        hard = wobble(name) ** 1.5
        for temperature in (1.0, 0.0):
            base = min(20, round(20 * (hard + 0.1 * (temperature == 0) * wobble(name, 1))))
            gain = round(20 * 0.5 * (wobble(name, temperature, 2) - 0.3)) if hard > 0.05 else 0
            after = max(0, min(20, base + gain))
            rows.append(
                TaskRow(
                    task=f"miniwob/{name}",
                    split=Split.HELD_OUT if index % 10 in (3, 6, 8) else Split.ATTEMPTED,
                    temperature=temperature,
                    base=rate(base, 20),
                    improved=None if name == "find-word" and temperature == 0 else rate(after, 20),
                )
            )
    return tuple(rows)


PAGE = """text Enter
text Username and password
textbox Username [22]
textbox Password [25]
button Login [27]"""


def step(index: int, **changes: object) -> ShownStep:
    picture = png(160, 210, ((0, 0, 160, 50, 215), (8, 60, 110, 18, 180), (8, 84, 110, 18, 180), (8, 110, 44, 20, 120)))
    fields: dict[str, object] = {
        "page": PAGE,
        "url": "http://127.0.0.1:8080/miniwob/login-user.html",
        "screenshot": picture,
        "viewport": (160, 210),
        "box": (8, 60 + 24 * index, 110, 18),
        "target": "textbox Username",
        "said": "type textbox Username [22] = keli",
        "action": Type(node=22, text="keli"),
        "outcome": Outcome(result=Result.DONE, changed=True),
        "probability": 0.83,
        "seconds": 0.031,
    }
    return ShownStep.model_validate({**fields, **changes})


def _login(solved: bool) -> Attempt:
    steps = [
        step(0),
        step(1, said="type textbox Password [25] = 0N", action=Type(node=25, text="0N"), target="textbox Password"),
        step(
            2,
            said="click button Login [27]" if solved else "click button Cancel [27]",
            action=Click(node=27),
            box=(8, 110, 44, 20),
            target="button Login",
            probability=0.42,
            outcome=Outcome(result=Result.DONE, done=True),
        ),
    ]
    if not solved:
        steps = [
            steps[0],
            step(
                1,
                said="click button [99]",
                action=Click(node=99),
                box=None,
                target="",
                outcome=Outcome(result=Result.STALE, message="No element 99 on this page."),
            ),
            step(
                1,
                said="flurb the blorp",
                action=None,
                unread="the words begin with no known action",
                box=None,
                target="",
                outcome=Outcome(result=Result.UNREADABLE),
                probability=None,
            ),
        ]
    return Attempt(
        arm="label-free filter" if solved else "base",
        steps=tuple(steps),
        ending=Ending.PAGE if solved else Ending.STEP_LIMIT,
        score=1.0 if solved else 0.0,
        temperature=1.0,
        seconds=0.4,
        key="0123abcd",
    )


def cases() -> tuple[Case, ...]:
    goal = 'Enter the username "keli" and the password "0N" into the text fields and press login.'
    both = (_login(False), _login(True))
    drag = Attempt(
        arm="practice",
        steps=(
            step(
                0,
                said="drag item a [5] to item b [6]",
                action=Drag(node=5, to=6),
                box_to=(60, 150, 40, 20),
                target="item a",
            ),
            step(
                1,
                said="choose combobox Size [40] = medium",
                action=Select(node=40, options=("medium",)),
                screenshot=None,
            ),
        ),
        ending=Ending.REPEATED,
        score=0.0,
        dropped_by="same action three times",
        temperature=1.0,
    )
    fault = Attempt(arm="practice", ending=Ending.FAULT, fault="environment, page_hang: no answer within 15 s")
    return (
        Case(
            kind=CaseKind.GAINED, task="miniwob/login-user", goal=goal, seed=1004, split=Split.ATTEMPTED, attempts=both
        ),
        Case(
            kind=CaseKind.GAINED,
            task="miniwob/enter-text",
            goal="Enter “Kanesha” and press Submit.",
            seed=1017,
            attempts=both,
        ),
        Case(
            kind=CaseKind.LOST,
            task="miniwob/click-link",
            goal="Click on the link “sed”.",
            seed=1002,
            attempts=both[::-1],
        ),
        Case(
            kind=CaseKind.BOTH_FAIL,
            task="miniwob/click-pie",
            goal=goal,
            seed=1,
            split=Split.HELD_OUT,
            attempts=(both[0], both[0]),
        ),
        Case(kind=CaseKind.KEPT_GOOD, task="miniwob/click-tab", goal="Click on tab 3.", seed=3, attempts=both[1:]),
        Case(
            kind=CaseKind.KEPT_BAD, task="miniwob/click-menu", goal="Choose Blanca > Minne.", seed=4, attempts=both[:1]
        ),
        Case(
            kind=CaseKind.DROPPED_BAD,
            task="miniwob/drag-items",
            goal="Drag Rosa to the 1st place.",
            seed=3,
            attempts=(drag,),
        ),
        Case(kind=CaseKind.FAULT, task="miniwob/choose-date", goal="Select 12/02/2016.", seed=8, attempts=(fault,)),
    )


def curation() -> Curation:
    rules = (
        ("ended by the page", "The environment ended the episode itself.", 1400, 0.39, 0.97, 36),
        ("no error, no repeat", "No action failed and none was done three times.", 1180, 0.42, 0.93, 35),
        (
            "words match the element",
            "The words of each action are those of the element it points at.",
            610,
            0.67,
            0.62,
            33,
        ),
        (
            "most frequent of its goal",
            "Among six attempts at a goal, the final state reached most often.",
            452,
            0.70,
            0.48,
            32,
        ),
        ("self-critique", "Asked whether the last action was right, the model says yes.", 389, 0.76, 0.44, 31),
    )
    rows, seen = [], 2160
    for name, about, left, precision, recall, tasks in rules:
        rows.append(
            RuleRow(
                name=name,
                description=about,
                seen=seen,
                dropped=seen - left,
                precision=precision,
                recall=recall,
                tasks=tasks,
            )
        )
        seen = left
    return Curation(attempts=2160, kept=389, rules=tuple(rows), tasks=40, tasks_kept=31, base_precision=0.33, rows=941)


def training(arm: str, seed: int | None) -> Training:
    loss = tuple(
        LossPoint(step=n, loss=0.25 + 1.1 * math.exp(-n / 60) + 0.12 * (wobble(arm, seed, n) - 0.5))
        for n in range(1, 201)
    )
    check = tuple(LossPoint(step=n, loss=0.33 + 1.0 * math.exp(-n / 55)) for n in range(20, 201, 20))
    return Training(
        arm=arm,
        seed=seed,
        method="full",
        loss=loss,
        validation=check,
        rows=941,
        epochs=3.4,
        updates=200,
        batch=16,
        learning_rate=6e-4,
        parameters=948_480,
        seconds=41.2,
    )


def sample() -> ReportData:
    """A whole report, as large as a real one."""
    arms = (
        Arm(key="base", title="base", role=Role.BASE, model="5d1c0a9e77b2c3d4e5f6"),
        Arm(
            key="none",
            title="no filter",
            role=Role.NO_FILTER,
            training_seeds=(0,),
            note="Trained on every attempt, good or bad.",
        ),
        Arm(key="label_free", title="label-free filter", role=Role.LABEL_FREE, training_seeds=(0, 1), model="9f00aa"),
        Arm(
            key="reward",
            title="reward filter",
            role=Role.REWARD,
            training_seeds=(0,),
            note="Selected by the programmatic reward: an upper bound, not a result.",
        ),
    )
    origin = Origin(
        run="r-20261121-7f3a",
        created="21 November 2026, 03:40 UTC",
        command="apprentice improve demo.yaml --out runs/demo",
        config="rounds: 1\nattempts:\n  tasks: 40\n  seeds: 50\n  each: 6\ntrain:\n  learning_rate: 0.0006\n",
        config_hash="c0ffee0123456789",
        models={"base": "5d1c0a9e77b2c3d4e5f6", "improved": "9f00aa11bb22cc33dd44"},
        versions={
            "webapprentice": "0.1.0",
            "torch": "2.13.0",
            "transformers": "5.23.0",
            "playwright": "1.65.2",
            "miniwob": "1.1.0",
        },
        commit="5815087",
        browser="Chromium 141.0.7390.37 (headless shell)",
        machine="x86-64, 16 GiB",
        cores=2,
        stages=(
            Stage(name="examine base", seconds=118.0),
            Stage(name="attempt", seconds=171.5),
            Stage(name="curate", seconds=4.1),
            Stage(name="train", seconds=41.2),
            Stage(name="examine improved", seconds=112.9),
            Stage(name="report", seconds=None),
        ),
    )
    return ReportData(
        base="base",
        improved="label_free",
        arms=arms,
        cells=cells(),
        tasks=task_rows(),
        curation=curation(),
        trainings=(training("label_free", 0), training("label_free", 1)),
        cases=cases(),
        origin=origin,
    )


EMPTY = ReportData(base="base", improved="better", arms=())
