"""Make the seed model from nothing: imagine pages, learn a tokenizer, train, examine, write a checkpoint.

python recipes/seed_model.py --out DIR            the model that ships with the package; half an hour
python recipes/seed_model.py --out DIR --quick    the same path in seconds, for a test; learns next to nothing
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from seed.card import save, write_card
from seed.corpus import corpus
from seed.exam import examine, tabled
from seed.packing import without_ids
from seed.plan import Plan
from seed.tokenizer import build
from seed.train import new_model, train_together

SIZES: dict[str, dict[str, int]] = {
    "tiny": {"width": 64, "layers": 2, "heads": 2, "inner": 192},
    "small": {"width": 128, "layers": 4, "heads": 4, "inner": 384},
    "medium": {"width": 160, "layers": 5, "heads": 5, "inner": 480},
    "large": {"width": 192, "layers": 6, "heads": 6, "inner": 512},
}
QUICK = {"steps": 12, "tokens": 2_000, "pages": 60}


def spent() -> float:
    """Processor seconds of this process and of the workers that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def make(
    out: Path, plan: Plan, *, threads: int = 1, vocabulary_pages: int = 8_000, exam_pages: int = 600
) -> dict[str, Any]:
    """Everything, from the first page to the model card; returns what the card says."""
    import torch
    import transformers

    start, cpu = time.perf_counter(), spent()
    tokenizer = build(without_ids(corpus(plan.seed + 1, vocabulary_pages, plan.noise)), plan.vocabulary)
    model = new_model(plan, tokenizer)
    read = train_together(model, plan, tokenizer, threads)
    save(model, tokenizer, out)
    minutes, processor = (time.perf_counter() - start) / 60, (spent() - cpu) / 60
    torch.set_num_threads(1)
    marks = examine(model, tokenizer, seed=plan.seed + 99, pages=exam_pages)
    busy = processor < 0.75 * plan.workers * minutes
    noise = plan.noise
    facts = {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "pages": read.pages,
        "tokens": read.tokens,
        "wrong": f"On purpose, {100 * noise.usual:.0f} % of the answers are wrong on most pages and "
        f"{100 * noise.bad:.0f} % on {100 * noise.bad_share:.0f} % of the pages; {100 * noise.checks:.0f} % of the "
        f"instructions ask whether an action was right, and {100 * noise.flipped:.0f} % of those answers are flipped.",
        "width": plan.width,
        "layers": plan.layers,
        "heads": plan.heads,
        "inner": plan.inner,
        "vocabulary": plan.vocabulary,
        "steps": read.steps,
        "batch": f"{plan.tokens:,}",
        "seed": plan.seed,
        "minutes": minutes,
        "processor": processor,
        "workers": plan.workers,
        "load": f" (the machine was busy: load {os.getloadavg()[2]:.0f})" if busy else "",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "rows": next(mark.count for mark in marks if mark.family == "all"),
        "table": tabled(marks),
    }
    write_card(out, **facts)
    return facts


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="directory of the checkpoint")
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--steps", type=int, default=Plan().steps, help="updates; the default is the shipped model's")
    parser.add_argument("--minutes", type=float, help="train for this long instead; depends on the machine's speed")
    parser.add_argument("--workers", type=int, default=Plan().workers, help="processes of one thread each")
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--quick", action="store_true", help="seconds instead of half an hour; learns next to nothing")
    given = parser.parse_args(arguments)
    plan = replace(Plan(), **SIZES["tiny" if given.quick else given.size], steps=given.steps, seed=given.seed)
    plan = replace(plan, workers=1 if given.quick else given.workers)
    more: dict[str, int] = {}
    if given.quick:
        plan, more = replace(plan, **QUICK), {"vocabulary_pages": 300, "exam_pages": 4}
    elif given.minutes:
        plan = replace(plan, seconds=60 * given.minutes)
    facts = make(given.out, plan, **more)
    print(facts["table"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
