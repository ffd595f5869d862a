"""Task records of our own in WebArena's form, and evidence that does or does not satisfy a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from webapprentice.tasks.webarena import Evidence, Target, TaskRecord, Verdict, judge, parse_record
from webapprentice.tasks.webarena.records import OR, fill

ADDRESSES = {
    **{site: f"http://{site}.test:80" for site in ("shopping", "reddit", "gitlab", "map", "wikipedia", "shop", "code")},
    "shopping_admin": "http://shopping.test:80/admin",
    "forum": "http://forum.test",
}


def record(number: int = 1, **changes: Any) -> TaskRecord:
    """A record; the names of `eval`'s fields are changed in it, the others at the top."""
    inner = ("eval_types", "reference_answers", "reference_url", "program_html", "url_note", "string_note")
    found = {
        "sites": ["shop"],
        "task_id": number,
        "require_login": True,
        "storage_state": None,
        "start_url": "__SHOP__",
        "geolocation": None,
        "intent_template": "What does {{thing}} cost?",
        "instantiation_dict": {"thing": "the lamp"},
        "intent": "What does the lamp cost?",
        "require_reset": False,
        "intent_template_id": 7,
        "eval": {"eval_types": ["string_match"], "reference_answers": {"exact_match": "12.00"}, "reference_url": ""},
    }
    found |= {name: value for name, value in changes.items() if name not in inner}
    found["eval"] = {**found["eval"], **{name: value for name, value in changes.items() if name in inner}}  # type: ignore[dict-item]
    return parse_record(found)


def answered(answers: dict[str, Any], **more: Any) -> TaskRecord:
    return record(eval_types=["string_match"], reference_answers=answers, **more)


def placed(url: str) -> TaskRecord:
    return record(eval_types=["url_match"], reference_answers=None, reference_url=url, url_note="GOLD in PRED")


def shown(*targets: dict[str, Any], **more: Any) -> TaskRecord:
    """Judged by `program_html`; a target given as required contents alone is the whole of the agent's page."""
    full = [one if "locator" in one else {"url": "last", "locator": "", "required_contents": one} for one in targets]
    return record(eval_types=["program_html"], reference_answers=None, program_html=full, **more)


LOCATED = {"url": "__SHOP__/orders", "locator": "document.title", "required_contents": {"must_include": ["Lamp"]}}
SAMPLES = [
    record(),
    answered({"must_include": ["Lamp", "12.00"]}),
    answered({"must_include": ["3"]}),
    answered({"fuzzy_match": ["the lamp", "a chair"]}),
    answered({"fuzzy_match": "N/A"}, string_note="there is no lamp"),
    answered({"must_include": ["Lamp"], "fuzzy_match": ["it is cheap"]}),
    placed("__SHOP__/lamp?colour=red |OR| __SHOP__/lamps?id=4&colour=blue"),
    shown({"must_include": ["red |OR| blue", "lamp"]}, {"exact_match": "12.00"}),
    shown(LOCATED),
    record(
        eval_types=["url_match", "program_html"],
        reference_answers=None,
        reference_url="__CODE__/a/b/-/issues",
        program_html=[{**LOCATED, "url": "func:reddit_get_post_url('__last_url__')"}],
    ),
]


def right(one: TaskRecord) -> Evidence:
    """Evidence made of the record's own references."""
    said, judged = "", fill(one.eval, ADDRESSES)
    references = judged.get("reference_answers") if "string_match" in one.eval_types else None
    for approach, value in (references or {}).items():
        said += ", ".join([value] if isinstance(value, str) else value) + " " if approach != "fuzzy_match" else "so "
    if references and references.get("fuzzy_match") == "N/A":
        said = "It cannot be done."
    return Evidence(
        answer=said.strip(),
        url=_address(judged["reference_url"]) if "url_match" in one.eval_types else "about:blank",
        targets=tuple(_held(fill(target, ADDRESSES)) for target in one.targets),
        addresses=ADDRESSES,
    )


def wrong(one: TaskRecord) -> Iterator[tuple[str, Evidence]]:
    """The same with one thing wrong at a time, and a word for it."""
    good = right(one)
    if "string_match" in one.eval_types:
        yield "answer", good.with_(answer="I have not looked")
        yield "no answer", good.with_(answer="")
    if "url_match" in one.eval_types:
        yield "address", good.with_(url="about:blank")
        yield "site", good.with_(url="http://elsewhere.test/none")
    for place, target in enumerate(good.targets):
        for content in ("", "<html><body>Nothing here</body></html>"):
            spoiled = list(good.targets)
            spoiled[place] = target.with_(content=content)
            yield f"target {place} {content!r}", good.with_(targets=tuple(spoiled))


def _address(reference: str) -> str:
    """The first alternative, with the query values of all of them."""
    first, *others = reference.split(OR)
    named = dict(parse_qsl(urlsplit(first).query))
    for other in others:
        named = {**dict(parse_qsl(urlsplit(other).query)), **named}
    return first.partition("?")[0] + (f"?{urlencode(named)}" if named else "")


def _held(target: dict[str, Any]) -> Target:
    required = target["required_contents"]
    how, value = next(iter(required.items()))
    content = value if how == "exact_match" else " ; ".join(one.split(OR)[0] for one in value)
    return Target(asked=target["url"], reached="http://reached.test", content=content)


def agreed(found: Verdict) -> dict[str, str]:
    """Replies that say yes to every open question."""
    return {question.key: "correct" if question.kind == "fuzzy_match" else "same" for question in found.needs}


def check(one: TaskRecord, verified: bool = False) -> None:
    """Right evidence passes, and each that is wrong in one thing fails with a reason."""
    good = judge(one, right(one), verified=verified)
    assert judge(one, right(one), agreed(good), verified).score == 1, (one.id, good)
    for word, evidence in wrong(one):
        found = judge(one, evidence, verified=verified)
        refused = {
            question.key: "incorrect" if question.kind == "fuzzy_match" else "different" for question in found.needs
        }
        found = judge(one, evidence, refused, verified)
        assert (found.score, found.reason != "") == (0, True), (one.id, word, found)
