"""WebArena's released evaluators beside ours, on references altered at random: how many scores differ.

Needs libwebarena and NLTK, of which nothing but the evaluators and the tokeniser is loaded, and the task records:

    python -m venv released && released/bin/pip install --no-deps libwebarena==0.0.5 nltk==3.10.4 regex
    python bench/webarena_agreement.py --records test.raw.json --released released/lib/python3.11/site-packages

What only a language model can tell is decided by a hash of the question, for both alike. NLTK's sentence splitter is
the untrained one. Helpers that ask a site answer what the target should hold, or an altered form of it.
"""

from __future__ import annotations

import argparse
import html
import importlib
import json
import random
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from webapprentice.core.keys import seed_for
from webapprentice.tasks.webarena import Evidence, Target, TaskRecord, judge, read_records
from webapprentice.tasks.webarena.records import OR, fill

ADDRESSES = {site: f"http://{site}.test:80" for site in ("shopping", "reddit", "gitlab", "map", "wikipedia")}
ADDRESSES["shopping_admin"] = "http://shopping.test:80/admin"
HELPERS = ("gitlab_get_project_memeber_role", "shopping_get_sku_latest_review_author")
HELPERS += ("shopping_get_sku_latest_review_rating",)
TEXTS: tuple[Callable[[str], str], ...] = (
    *(
        str,
        str.upper,
        html.escape,
        lambda text: text[:-1],
        lambda text: text.replace(" ", ""),
        lambda _: "",
        lambda _: "N/A",
    ),
    *(lambda text: f'"{text}"', lambda text: f"'{text}'", lambda text: f"  {text}. ", lambda text: f"{text}s"),
    *(lambda text: f"the answer is {text}.", lambda text: f"${text}", lambda text: f"{text}, and more"),
    *(lambda text: f"1{text}", lambda text: f"{text}0", lambda text: f"{text} 5; {text}"),
)
URLS: tuple[Callable[[str], str], ...] = (
    *(str, lambda url: f"{url}/", lambda url: f"{url}&x=1", lambda url: f"{url}?x=1", lambda url: f"{url}x"),
    *(lambda url: url.partition("?")[0], lambda url: url.replace("http:", "https:"), lambda url: f"{url}/more"),
    *(lambda url: url.replace("http://", "http://proxy.test/"), lambda _: "about:blank"),
)


def said(kind: str, answer: str, reference: str, intent: str) -> bool:
    """What the judge says, the same to both."""
    return seed_for(kind, answer, reference, intent) % 3 > 0


class Page:
    """Gives the contents it was told, one after the other."""

    def __init__(self, url: str, contents: list[str]) -> None:
        self.url, self.contents, self.context = url, iter(contents), self

    def new_page(self) -> Page:
        return self

    def goto(self, _url: str) -> None: ...

    def close(self) -> None: ...

    def content(self, *_: object) -> str:
        return next(self.contents)

    def evaluate(self, script: str) -> str | None:
        return None if script.endswith(".click()") else next(self.contents)


def released(folder: Path) -> Any:
    """The module of the released evaluators, with nothing around it."""
    sys.path.append(str(folder))
    tokenize = importlib.import_module("nltk.tokenize")
    sentences = importlib.import_module("nltk.tokenize.punkt").PunktSentenceTokenizer()
    words = tokenize.NLTKWordTokenizer()
    tokenize.word_tokenize = lambda text: [word for one in sentences.tokenize(text) for word in words.tokenize(one)]
    for name in ("webarena", "webarena.evaluation_harness", "webarena.browser_env"):
        sys.modules[name] = package = types.ModuleType(name)
        package.__path__ = [str(folder / name.replace(".", "/"))]
    harness, environment = "webarena.evaluation_harness.helper_functions", "webarena.browser_env"
    needed: dict[str, dict[str, Any]] = {
        "beartype": {"beartype": lambda function: function},
        f"{environment}.actions": {"Action": object},
        f"{environment}.utils": {"StateInfo": object},
        harness: {
            **dict.fromkeys(HELPERS, None),
            "PseudoPage": Page,
            "llm_fuzzy_match": lambda answer, reference, intent: float(said("fuzzy_match", answer, reference, intent)),
            "llm_ua_match": lambda answer, reference, intent: float(said("unachievable", answer, reference, intent)),
            "reddit_get_post_url": str,
            "shopping_get_latest_order_url": lambda: "",
        },
    }
    for name, held in needed.items():
        sys.modules[name] = module = types.ModuleType(name)
        vars(module).update(held)
    found = importlib.import_module("webarena.evaluation_harness.evaluators")
    found.time.sleep = lambda _seconds: None
    return found


def case(record: TaskRecord, chance: random.Random) -> Evidence:
    """Evidence near the record's references."""

    def altered(text: str) -> str:
        for _ in range(chance.randint(1, 2)):
            text = chance.choice(TEXTS)(text)
        return text

    wanted = fill(record.eval, ADDRESSES)
    answers = wanted.get("reference_answers") or {}
    references = [one for value in answers.values() for one in ([value] if isinstance(value, str) else value)] or ["x"]
    answer = altered(chance.choice([", ".join(references), " ".join(references), chance.choice(references)]))
    url = chance.choice(URLS)(chance.choice((wanted.get("reference_url") or "http://a.test/b").split(OR)))
    targets = []
    for target in fill(list(record.targets), ADDRESSES):
        how, value = next(iter(target["required_contents"].items()))
        content = value if how == "exact_match" else " ".join(chance.choice(one.split(OR)) for one in value)
        content = content if chance.random() < 0.8 else altered(content)
        targets.append(Target(asked=target["url"], content=content))
    return Evidence(answer=answer, url=url, targets=tuple(targets), addresses=ADDRESSES)


def theirs(module: Any, file: Path, evidence: Evidence) -> float:
    """The released score."""
    page = Page(evidence.url, [target.content or "" for target in evidence.targets])
    for name in HELPERS:
        setattr(module, name, page.content)
    return float(module.evaluator_router(str(file))([{}, {"answer": evidence.answer}], str(file), page, None))


def ours(record: TaskRecord, evidence: Evidence) -> float | None:
    """Our score."""
    words = {"fuzzy_match": ("incorrect", "correct"), "unachievable": ("different", "same")}
    replies = {
        one.key: words[one.kind][said(one.kind, one.answer, one.reference, one.intent)]
        for one in judge(record, evidence).needs
    }
    return judge(record, evidence, replies).score


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--released", type=Path, required=True, help="site-packages that hold libwebarena and nltk")
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    module, chance = released(asked.released), random.Random(asked.seed)
    scores, differing = {0.0: 0, 1.0: 0, None: 0}, 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "task.json"
        for record in read_records(asked.records):
            file.write_text(json.dumps(fill(record.data, ADDRESSES)), encoding="utf-8")
            for _ in range(asked.times):
                evidence = case(record, chance)
                score = ours(record, evidence)
                scores[score] += 1
                if score != theirs(module, file, evidence):
                    differing += 1
                    print(f"task {record.id} differs, ours {score}: {evidence.model_dump_json()}")
    print(f"{sum(scores.values()):,} scores, {scores[1.0]:,} of them 1; {differing} differ")
    raise SystemExit(differing > 0)


if __name__ == "__main__":
    main()
