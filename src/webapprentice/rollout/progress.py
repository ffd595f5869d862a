"""Live progress in one line."""

from __future__ import annotations

from webapprentice.metrics import wilson
from webapprentice.rollout.engine import Progress


def line(label: str, progress: Progress) -> str:
    """What has been done, success so far with its interval, speed, time left, tokens and money, and faults by name."""
    counted = progress.done - sum(progress.faults.values()) - progress.unjudged
    parts = [f"{label}: {progress.done}/{progress.total} episodes"]
    interval = wilson(progress.succeeded, counted) if counted else None
    if interval:
        parts.append(f"success {interval.estimate:.1%} [{interval.low:.1%}, {interval.high:.1%}]")
    if progress.unjudged:
        parts.append(f"{progress.unjudged} not judged")
    seconds = max(progress.seconds, 1e-9)
    parts.append(f"{progress.steps / seconds:.0f} steps/s, {progress.done / seconds:.1f} episodes/s")
    if 0 < progress.done < progress.total:
        parts.append(f"{seconds / progress.done * (progress.total - progress.done):.0f} s left")
    if progress.prompt_tokens or progress.completion_tokens:
        parts.append(f"tokens {_short(progress.prompt_tokens)} in, {_short(progress.completion_tokens)} out")
    if progress.money:
        parts.append(f"cost {progress.money:.2f}")
    parts.extend(f"{name}: {number}" for name, number in sorted(progress.faults.items()))
    return " · ".join(parts)


def _short(number: int) -> str:
    """12,345,678 as 12.3M."""
    for size, sign in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.1f}{sign}"
    return str(number)
