"""From a record and the evidence to a score, without a browser and without a model: the same score at any time.

A record's score is the product of its parts. What only a language model can tell is a question in `needs` until its
reply is given.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapprentice.core.faults import Fault, Owner, UsageError
from webapprentice.core.records import Record
from webapprentice.core.text import squeeze
from webapprentice.tasks.webarena.evidence import Evidence, Target
from webapprentice.tasks.webarena.mends import Mended, corrected
from webapprentice.tasks.webarena.questions import Asked, Question, verdict
from webapprentice.tasks.webarena.records import TaskRecord, fill, normal
from webapprentice.tasks.webarena.rules import Released, Rules, bare


class Part(Record):
    """One comparison."""

    kind: str
    """Such as `string_match.must_include`, `url_match`, `program_html.exact_match`."""
    score: float | None
    """1 or 0; None where it could not be judged, or not yet."""
    reason: str
    """In words, at most 200 characters."""


class Verdict(Record):
    """What a task's evaluators say of one attempt."""

    score: float | None
    """1 or 0; None where it is not judged: a question is open, or something could not be looked at."""
    parts: tuple[Part, ...] = ()
    needs: tuple[Question, ...] = ()
    """Questions whose replies would decide; none where some part is 0 already."""
    fault: Fault | None = None
    """Why it cannot be judged, where no reply would help; never the agent's."""
    verified: bool = False
    """Judged with the mends of `docs/webarena-evaluators.md`, not as released."""

    @property
    def reason(self) -> str:
        """One line: the first part that failed, else what is open, else that all holds."""
        failed = next((part for part in self.parts if part.score == 0), None)
        if self.fault is not None:
            return f"not judged: {self.fault.message}"
        if failed is not None:
            return failed.reason
        return f"{len(self.needs)} questions open" if self.score is None else f"all {len(self.parts)} parts hold"


def judge(
    record: TaskRecord, evidence: Evidence, replies: Mapping[str, str] | None = None, verified: bool = False
) -> Verdict:
    """The verdict on one attempt. Never raises for a checked record.

    `replies` gives a language model's words by `Question.key`; one that says neither yes nor no leaves its question
    open. With `verified`, known faults of the released evaluators are mended and the record is `corrected`.
    """
    if verified and (mended := corrected(record)) is not record:
        record, evidence = mended, evidence.with_(targets=evidence.mended) if evidence.mended else evidence
    case = _Case(record, evidence, replies or {}, Mended() if verified else Released())
    checks = {"string_match": case.answer, "url_match": case.place, "program_html": case.contents}
    try:
        for kind in record.eval_types:
            checks[kind]()
    except UsageError as error:
        case.fault = case.fault or Fault(owner=Owner.EVALUATOR, kind="no_address", message=str(error))
    score = case.score
    if case.fault is not None:
        score = None
    needs = tuple(dict.fromkeys(case.needs)) if score is None and case.score != 0 and case.fault is None else ()
    return Verdict(score=score, parts=tuple(case.parts), needs=needs, fault=case.fault, verified=verified)


@dataclass
class _Case:
    """One judging under way."""

    record: TaskRecord
    evidence: Evidence
    replies: Mapping[str, str]
    rules: Rules
    parts: list[Part] = field(default_factory=list)
    needs: list[Question] = field(default_factory=list)
    fault: Fault | None = None

    @property
    def score(self) -> float | None:
        """The product: 0 as soon as one part is 0, whatever is open."""
        scores = [part.score for part in self.parts]
        return 0.0 if 0.0 in scores else None if None in scores else 1.0

    def answer(self) -> None:
        """`string_match`, its approaches in the record's order."""
        references = self._filled(self.record.eval.get("reference_answers"))
        if not isinstance(references, dict):
            line = "reference_answers is a list, an older form that says nothing of how to compare"
            self.fault = self.fault or Fault(owner=Owner.EVALUATOR, kind="old_record", message=line)
            return
        said, first = bare(self.evidence.answer), len(self.parts)
        for approach, value in references.items():
            kind = f"string_match.{approach}"
            if approach == "exact_match":
                self._add(kind, self.rules.equal(value, said), "the answer", "is", "is not", value)
            elif approach == "fuzzy_match" and value == "N/A":
                self._unachievable(said, first)
            else:
                values = [value] if isinstance(value, str) else value
                for one in values:
                    if approach == "fuzzy_match":
                        self._ask(kind, "fuzzy_match", one, said)
                    else:
                        held = self.rules.answered(one, said, len(values) == 1)
                        self._add(kind, held, "the answer", "holds", "lacks", one)

    def _unachievable(self, said: str, first: int) -> None:
        """`N/A` itself is enough; else the reason must be the real one. As released, what came before is then void."""
        plain = self.rules.equal("N/A", said)
        before_holds = all(part.score == 1 for part in self.parts[first:])
        if plain and (before_holds or self.rules.keeps_parts):
            self._add("string_match.fuzzy_match", True, "the answer", "is", "is not", "N/A")
            return
        if not self.rules.keeps_parts:
            del self.parts[first:]
        self._ask("string_match.fuzzy_match", "unachievable", str(self.record.eval.get("string_note") or ""), said)

    def place(self) -> None:
        """`url_match`."""
        if self._missing(self.evidence.fault):
            return
        reference = self._filled(self.record.eval["reference_url"])
        held = self.rules.reached(reference, self.evidence.url)
        self._add("url_match", held, f"the page {_short(self.evidence.url)}", "is at", "is not at", reference)

    def contents(self) -> None:
        """`program_html`; only the first of exact_match, must_include and fuzzy_match counts."""
        if self._missing(self.evidence.fault):
            return
        wanted = self.record.targets
        if len(wanted) != len(self.evidence.targets):
            line = f"the evidence has {len(self.evidence.targets)} targets, the record {len(wanted)}"
            self._missing(Fault(owner=Owner.EVALUATOR, kind="other_record", message=line))
            return
        for asked, found in zip(wanted, self.evidence.targets, strict=True):
            url = self._filled(asked["url"])
            if not url.startswith("func") and url != found.asked:
                line = f"the evidence is of {_short(found.asked)}, the record asks for {_short(url)}"
                self._missing(Fault(owner=Owner.EVALUATOR, kind="other_record", message=line))
            elif not self._missing(found.fault):
                self._content(self._filled(asked["required_contents"]), found, str(asked["locator"]))

    def _content(self, required: Mapping[str, Any], found: Target, locator: str) -> None:
        content = html.unescape(found.content or "")
        where = f"{_short(found.reached or found.asked)}{f' ({found.note})' if found.note else ''}"
        if locator.strip():
            where = f"{_short(locator)}, which gives {_short(content)!r}, at {where}"
        if "exact_match" in required:
            held = self.rules.equal(required["exact_match"], content)
            self._add("program_html.exact_match", held, where, "is", "is not", required["exact_match"])
        elif "must_include" in required:
            for one in required["must_include"]:
                held = self.rules.shown(one, content)
                self._add("program_html.must_include", held, where, "holds", "lacks", one)
        else:
            for one in required["fuzzy_match"]:
                self._ask("program_html.fuzzy_match", "fuzzy_match", one, bare(content))

    def _add(self, kind: str, held: bool, what: str, yes: str, no: str, reference: str) -> None:
        reason = f"{what} {yes if held else no} {_short(reference)!r}"
        self.parts.append(Part(kind=kind, score=float(held), reason=reason[:200]))

    def _ask(self, kind: str, asked: Asked, reference: str, answer: str) -> None:
        if not answer and not self.rules.asks_of_nothing:
            self.parts.append(Part(kind=kind, score=0.0, reason="nothing was answered"))
            return
        question = Question(kind=asked, intent=self.record.intent, reference=reference, answer=answer)
        reply = self.replies.get(question.key)
        score = None if reply is None else verdict(asked, reply)
        if score is None:
            self.needs.append(question)
            state = "is not asked yet" if reply is None else f"gives no verdict: {_short(reply)!r}"
        else:
            state = f"says that it {'matches' if score else 'does not match'} {_short(reference)!r}"
        self.parts.append(Part(kind=kind, score=score, reason=f"the judge {state}"[:200]))

    def _missing(self, fault: Fault | None) -> bool:
        """Note that something could not be looked at; the first of several is kept."""
        self.fault = self.fault or fault
        return fault is not None

    def _filled(self, value: Any) -> Any:
        return fill(value, normal(self.evidence.addresses), f"task {self.record.id}")


def _short(text: str) -> str:
    text = squeeze(text)
    return text if len(text) <= 70 else text[:67] + "..."
