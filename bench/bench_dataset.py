"""A data set at scale: a ScribeAgent CSV of so many GB is imported and made into rows, then again under kills.

    python bench/bench_dataset.py --gigabytes 2 --work FOLDER [--pages FOLDER]

The pages are the real ones of bench_prune.py, repeated with other numbers and class names in each copy, so that no two
are alike. Memory is the largest sum over all processes of the command. The last line but one is JSON.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_prune import unpacked
from measuring import memory_mb

COLUMNS = (
    *("document_metadata_id", "document_metadata_name", "action_kind", "action_description", "action_url"),
    *("action_target_selector", "action_step_number", "action_dom", "action_id"),
)
STEPS = 5
"""Pages of one workflow."""
SETS = (
    "collection=imported/scribe",
    "keep=",
    "rollout.dialect=scribe",
    "dataset.completion=canonical",
    "split.test=0.05",
)
TOKENS = 6e9
"""Training tokens of the paper."""


def varied(html: str, copy: int) -> str:
    """The page with other digits in its texts and another ending on its class names."""
    shift = str.maketrans("0123456789", "".join(str((digit + copy) % 10) for digit in range(10)))
    html = re.sub(r">[^<]+<", lambda text: text[0].translate(shift), html)
    return re.sub(r'class="([^"]+)"', lambda found: f'class="{found[1]} v{copy}"', html)


def write(pages: list[tuple[str, str]], out: Path, size: float) -> tuple[int, int]:
    """A CSV of at least so many bytes of HTML; returns pages and bytes."""
    number = written = 0
    with out.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        while written < size:
            copy, place = divmod(number, len(pages))
            name, html = pages[place]
            page = varied(html, copy)
            flow = number // STEPS
            about = f"flow-{flow}", f"Look through the news of site {flow}", "click", "Open the first link"
            rows.writerow((*about, f"https://{name}.example/{copy}", "a[href]", number % STEPS + 1, page, f"a{number}"))
            written += len(page.encode())
            number += 1
    return number, written


def watched(command: list[str], kill: Path | None = None, after: int = 0) -> tuple[float, float]:
    """Seconds and the largest memory in MB of a command; it is killed when so many parts have been written."""
    began, most = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, memory_mb(process.pid))
        if kill is not None and len(list(kill.glob("*.index.json"))) >= after:
            process.send_signal(signal.SIGKILL)
        time.sleep(0.25)
    if kill is None and process.returncode:
        raise SystemExit(f"{' '.join(command[:6])} ... ended with {process.returncode}")
    return time.perf_counter() - began, most


def digest(run: Path, out: str) -> dict[str, str]:
    """Of all files of rows."""
    found = {}
    for path in sorted(run.glob(f"{out}.*")):
        if "card" not in path.name:
            with path.open("rb") as file:
                found[path.name.removeprefix(out)] = hashlib.file_digest(file, "blake2b").hexdigest()
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--pages", type=Path, help="a folder of HTML files")
    parser.add_argument("--work", type=Path, help="where the CSV and the run are kept; a temporary folder otherwise")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = asked.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        folder = asked.pages or unpacked(Path(temporary))
        found = [(path.stem, path.read_text("utf-8", "replace")) for path in sorted(folder.glob("*.html"))]
        table, run = work / "workflows.csv", work / "run"
        pages, size = write([one for one in found if "<a " in one[1]], table, asked.gigabytes * 1e9)
        ours = [sys.executable, "-m", "webapprentice"]
        imported, import_mb = watched([*ours, "import", "scribe", str(table), "--run", str(run)])
        dataset = [*ours, "dataset", "--run", str(run), *(part for pair in SETS for part in ("--set", pair))]
        spent, dataset_mb = watched([*dataset, "--set", "out=whole"])
        parts = -(-pages // (STEPS * 16))
        for third in (1, 2, 3):
            watched([*dataset, "--set", "out=killed"], run / "killed.parts", parts * third // 4)
        watched([*dataset, "--set", "out=killed"])
        card = json.loads((run / "whole.card.json").read_text())
        tokens = sum(one["prompt"] + one["completion"] for one in card["tokens"].values())
        rows = sum(one["rows"] for one in card["tokens"].values())
        told = {
            "pages": pages,
            "gigabytes": round(size / 1e9, 2),
            "cores": os.cpu_count(),
            "import_pages_per_second": round(pages / imported, 1),
            "import_mb_per_second": round(size / 1e6 / imported, 2),
            "import_memory_mb": round(import_mb),
            "dataset_pages_per_second": round(pages / spent, 1),
            "dataset_mb_per_second": round(size / 1e6 / spent, 2),
            "dataset_memory_mb": round(dataset_mb),
            "rows": rows,
            "tokens": tokens,
            "same_after_three_kills": digest(run, "killed") == digest(run, "whole"),
            "hours_for_6_billion_tokens": round(TOKENS / tokens * (imported + spent) / 3600, 1),
        }
    print(json.dumps(told))
    print(
        f"{told['dataset_pages_per_second']} pages/s, {told['dataset_mb_per_second']} MB/s on {told['cores']} cores in "
        f"{told['dataset_memory_mb']} MB; 6 billion tokens: {told['hours_for_6_billion_tokens']} h, import included"
    )


if __name__ == "__main__":
    main()
