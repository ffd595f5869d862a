"""Live progress in one line."""

from __future__ import annotations

from webapprentice.metrics import wilson
from webapprentice.rollout.engine import Progress


def line(label: str, progress: Progress) -> str:
    """What has been done, success so far with its interval, speed, time left, and faults by name."""
    counted = progress.done - sum(progress.faults.values())
    parts = [f"{label}: {progress.done}/{progress.total} episodes"]
    interval = wilson(progress.succeeded, counted) if counted else None
    if interval:
        parts.append(f"success {interval.estimate:.1%} [{interval.low:.1%}, {interval.high:.1%}]")
    seconds = max(progress.seconds, 1e-9)
    parts.append(f"{progress.steps / seconds:.0f} steps/s")
    if 0 < progress.done < progress.total:
        parts.append(f"{seconds / progress.done * (progress.total - progress.done):.0f} s left")
    parts.extend(f"{name}: {number}" for name, number in sorted(progress.faults.items()))
    return " · ".join(parts)
