"""From a finished run to what its report shows."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from webapprentice import __version__
from webapprentice.core.records import Trajectory
from webapprentice.improve.holding import held_out_of
from webapprentice.improve.loop import Candidate, Round, exam_of, final
from webapprentice.improve.workshop import Workshop
from webapprentice.metrics import episodes_of
from webapprentice.report import cells, task_rows
from webapprentice.report import data as shown
from webapprentice.train import TrainConfig, TrainReport

_TITLES = {
    "base": ("Base", shown.Role.BASE),
    "none": ("No filter", shown.Role.NO_FILTER),
    "label_free": ("Label-free filter", shown.Role.LABEL_FREE),
    "reward": ("Reward filter (upper bound)", shown.Role.REWARD),
    "mixed": ("Attempts and made-up examples", shown.Role.OTHER),
    "synthetic": ("Made-up examples alone", shown.Role.OTHER),
}
_PACKAGES = ("torch", "transformers", "peft", "playwright", "numpy")


def report_data(
    workshop: Workshop,
    base: Candidate,
    rounds: Sequence[Round],
    cases: Sequence[shown.Case],
    command: str,
) -> shown.ReportData:
    """Everything the report of this run shows, computed from the store alone."""
    # The last round's first arm is what came of it all; the others, and earlier rounds, stand beside it.
    last = final(rounds, workshop.config.arms[0])
    candidates = sorted((one for done in rounds for one in done.candidates), key=lambda one: -one.round)
    arms = list(dict.fromkeys(named(candidate) for candidate in candidates))
    start = exam_of(workshop, base)
    runs = {("base", temperature): [episodes_of(exam)] for temperature, exam in start.items()}
    exams = {base.model: start, **{one.model: exam_of(workshop, one) for one in candidates}}
    for candidate in candidates:
        for temperature, exam in exams[candidate.model].items():
            runs.setdefault((named(candidate), temperature), []).append(episodes_of(exam))
    held_out = held_out_of(workshop.config)
    first = named(last.candidates[0]) if last else "base"
    return shown.ReportData(
        base="base",
        improved=first,
        arms=tuple(_arm(arm, candidates, exams, base.model) for arm in ["base", *arms]),
        cells=cells(runs, "base", held_out),
        tasks=task_rows(runs, "base", first, held_out),
        curation=_curation(last, last.candidates[0].arm) if last else None,
        trainings=tuple(_training(candidate, workshop.config.train) for candidate in candidates),
        cases=tuple(cases),
        origin=_origin(workshop, candidates, exams, start, command),
    )


Exam = Mapping[float, Sequence[Trajectory]]


def _weights(exam: Exam | None) -> str:
    """Content key of the model that sat this exam, as its trajectories say."""
    return next((one.provenance.model for part in (exam or {}).values() for one in part), "")


def named(candidate: Candidate) -> str:
    """The candidate's arm; in later rounds with the round."""
    return candidate.arm if candidate.round <= 1 else f"{candidate.arm}-r{candidate.round}"


def _arm(arm: str, candidates: Sequence[Candidate], exams: Mapping[str, Exam], base: str) -> shown.Arm:
    own = [candidate for candidate in candidates if named(candidate) == arm]
    kind = own[0].arm if own else arm
    title, role = _TITLES.get(kind, (kind.replace("_", " ").capitalize(), shown.Role.OTHER))
    if own and own[0].round > 1:
        title = f"{title}, round {own[0].round}"
    name = own[0].model if own else base
    return shown.Arm(
        key=arm,
        title=title,
        role=role,
        training_seeds=tuple(candidate.seed for candidate in own),
        model=_weights(exams.get(name)),
    )


def _curation(done: Round, arm: str) -> shown.Curation:
    made = done.curated[arm]
    report = made["report"]
    return shown.Curation(
        attempts=report["eligible"],
        kept=len(made["kept"]),
        rules=tuple(
            shown.RuleRow(
                name=rule["name"],
                description=rule["looks_at"],
                seen=rule["seen"],
                dropped=rule["dropped"],
                precision=_estimate(rule["so_far"]["precision"]),
                recall=_estimate(rule["so_far"]["recall"]),
                tasks=rule["coverage"]["covered"],
            )
            for rule in report["rules"]
        ),
        tasks=report["coverage"]["tasks"],
        tasks_kept=report["coverage"]["covered"],
        base_precision=_estimate(report["before"]["precision"]),
        rows=made["count"],
    )


def _estimate(interval: Mapping[str, float] | None) -> float | None:
    return interval["estimate"] if interval else None


def _training(candidate: Candidate, config: TrainConfig) -> shown.Training:
    report = TrainReport.model_validate(candidate.training["report"])
    return shown.Training(
        arm=named(candidate),
        seed=candidate.seed,
        method=f"LoRA r {config.lora_r}" if config.method == "lora" else "full",
        loss=tuple(shown.LossPoint(step=step, loss=loss) for step, loss in enumerate(report.losses, start=1)),
        rows=report.rows,
        epochs=report.steps * min(config.batch_size, report.rows) / report.rows if report.rows else None,
        updates=report.steps,
        batch=min(config.batch_size, report.rows),
        learning_rate=config.learning_rate,
        parameters=report.parameters,
        seconds=report.seconds,
    )


def _origin(
    workshop: Workshop,
    candidates: Sequence[Candidate],
    exams: Mapping[str, Exam],
    start: Exam,
    command: str,
) -> shown.Origin:
    import yaml

    about = next((trajectory.provenance for exam in start.values() for trajectory in exam), None)
    models = {"base": _weights(start)}
    models |= {f"{named(one)}, training seed {one.seed}": _weights(exams[one.model]) for one in candidates}
    return shown.Origin(
        run=workshop.folder.name,
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        command=command,
        config=yaml.safe_dump(workshop.config.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
        config_hash=workshop.config.hash,
        models=models,
        versions={"webapprentice": __version__, "python": platform.python_version(), **_versions()},
        browser=about.browser if about else "",
        machine=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count(),
        stages=tuple(shown.Stage(name=name, seconds=seconds) for _, name, seconds in workshop.store.stages()),
    )


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
