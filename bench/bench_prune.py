"""Pruning by ScribeAgent's rules: ours on lexbor against the rules in their BeautifulSoup form, in turns in one run.

    python bench/bench_prune.py --peer .venv-peer/bin/python [--pages FOLDER] [--rounds 3] [--model seed]

The pages are every *.html below the folder, by default the real ones of ../shared/data, unpacked.
Seconds are of processor time on one core. `cold`: nothing remembered from an earlier page; `warm`: the second pass over
the same sites. Identity is told against both trees: Python's html.parser, which the released code uses, and html5lib's,
which is the browsers' as ours is. The last line but one is JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from webapprentice.models.places import counter, folder_of
from webapprentice.page import Scribe

HERE = Path(__file__).parent
ARCHIVE = HERE.parents[1] / "shared" / "data" / "html_readability" / "readability_test_pages_130.tar.xz"


def unpacked(into: Path) -> Path:
    """The real pages, one file each. Raises SystemExit where they are not on this machine."""
    if not ARCHIVE.exists():
        raise SystemExit(f"no pages: name a folder of HTML files with --pages ({ARCHIVE.name} is not on this machine)")
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith("source.html"):
                found = archive.extractfile(member)
                assert found is not None
                (into / f"{Path(member.name).parent.name}.html").write_bytes(found.read())
    return into


def theirs(python: str, pages: Path, parser: str, tokenizer: Path, out: Path) -> dict[str, tuple[str, float]]:
    """One pass of the peer: text and seconds of each page."""
    command = [python, str(HERE / "peers" / "scribe_prune.py"), str(pages), "--parser", parser, "--out", str(out)]
    subprocess.run([*command, "--tokenizer", str(tokenizer)], check=True, timeout=1800)
    told = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return {one["page"]: (one["text"], one["seconds"]) for one in told}


def ours(rules: Scribe, pages: dict[str, str]) -> tuple[dict[str, str], float]:
    """One pass of ours: the texts, and the seconds of all of them."""
    began = time.process_time()
    texts = {name: rules.prune(html).text for name, html in pages.items()}
    return texts, time.process_time() - began


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--peer", required=True, help="Python of an environment with BeautifulSoup, html5lib, tokenizers"
    )
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="seed", help="whose tokenizer counts")
    asked = parser.parse_args()
    count, tokenizer = counter(asked.model), folder_of(asked.model) / "tokenizer.json"
    with tempfile.TemporaryDirectory() as folder:
        home = asked.pages or unpacked(Path(folder))
        files = sorted(home.rglob("*.html"))
        pages = {str(file.relative_to(home)): file.read_text("utf-8", "replace") for file in files}
        out = Path(folder) / "peer.jsonl"
        cold: list[float] = []
        warm: list[float] = []
        spent = dict[str, float]()
        for _ in range(asked.rounds):
            peer = theirs(asked.peer, home, "html.parser", tokenizer, out)
            spent = {"peer": sum(seconds for _, seconds in peer.values())}
            rules = Scribe(count)
            texts, spent["cold"] = ours(rules, pages)
            _, spent["warm"] = ours(rules, pages)
            cold.append(spent["peer"] / spent["cold"])
            warm.append(spent["peer"] / spent["warm"])
            speeds = ", ".join(f"{name} {len(pages) / seconds:.1f} pages/s" for name, seconds in spent.items())
            print(f"{speeds}; cold {cold[-1]:.1f} x, warm {warm[-1]:.1f} x", flush=True)
        same = {"html.parser": sum(texts[name] == text for name, (text, _) in peer.items())}
        tree = theirs(asked.peer, home, "html5lib", tokenizer, out)
        same["html5lib"] = sum(texts[name] == text for name, (text, _) in tree.items())
    size = sum(map(len, pages.values()))
    result = {
        "pages": len(pages),
        "megabytes": round(size / 1e6, 1),
        "cold_ratio": [round(one, 2) for one in cold],
        "warm_ratio": [round(one, 2) for one in warm],
        "cold_mb_per_second": round(size / 1e6 / spent["cold"], 1),
        "identical": same,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))
    print(
        f"{len(pages)} pages: {statistics.median(cold):.1f} x cold, {statistics.median(warm):.1f} x warm; "
        f"the same text as the peer on {same['html5lib']} with the browsers' tree, "
        f"on {same['html.parser']} with html.parser's"
    )


if __name__ == "__main__":
    sys.exit(main())
