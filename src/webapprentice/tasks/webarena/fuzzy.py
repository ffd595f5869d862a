"""Put a verdict's open questions to a language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final

from pydantic import Field

from webapprentice.core.config import Config
from webapprentice.core.faults import Fault, FaultError, Owner, UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Model, Prompt, Sampling
from webapprentice.core.records import Message, Record
from webapprentice.core.text import clean
from webapprentice.models import ModelConfig
from webapprentice.tasks.webarena.evidence import Evidence
from webapprentice.tasks.webarena.judging import Verdict, judge
from webapprentice.tasks.webarena.questions import Asked, Question
from webapprentice.tasks.webarena.records import TaskRecord

_FILES: Final[Mapping[Asked, str]] = {"fuzzy_match": "fuzzy.txt", "unachievable": "unachievable.txt"}
_HOLES: Final = frozenset({"fence", "objective", "reference", "answer"})


class FuzzyConfig(Config):
    """Who answers the questions of fuzzy matching, and by which words it is asked."""

    model: str = ""
    """An endpoint, a folder or a name; none: such tasks stay unjudged until they are scored again with one."""
    fuzzy: Path | None = None
    """File that asks whether an answer means the same, with $fence, $objective, $reference, $answer; none: ours."""
    unachievable: Path | None = None
    """File that asks whether a reason for giving up is the real one, with the same holes; none: ours."""
    max_tokens: int = Field(default=128, ge=64, le=256)
    """Tokens of one reply."""
    characters: int = Field(default=8000, ge=200)
    """Of an answer or a page's text that the model sees at the most; the rest is cut off."""
    options: ModelConfig = ModelConfig()

    def words(self, kind: Asked) -> Template:
        """The question with its holes. Raises UsageError where a file cannot be read, or a hole is wrong."""
        file = self.fuzzy if kind == "fuzzy_match" else self.unachievable
        if file is None:
            file_words = resources.files("webapprentice.tasks.webarena").joinpath(_FILES[kind])
            return Template(file_words.read_text(encoding="utf-8"))
        try:
            template = Template(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the question {file}: {error}; check the path") from error
        holes = set(template.get_identifiers()) if template.is_valid() else set()
        if holes != _HOLES:
            wanted = ", ".join(f"${name}" for name in sorted(_HOLES))
            raise UsageError(f"the question {file} must hold {wanted} and no other $ (a dollar sign is written $$)")
        return template


class Replies(Record):
    """What came of asking."""

    replies: dict[str, str] = Field(default_factory=dict)
    """The model's words by `Question.key`."""
    fault: Fault | None = None
    """Owned by the evaluator, kind `judge_offline`: why some question has no reply."""


def prompt(question: Question, config: FuzzyConfig) -> Prompt:
    """The chat that asks one question.

    What the agent or a page said stands between marks that follow from a hash of it, so that text which knows its own
    marks would have to be a fixed point of that hash.
    """
    parts = {
        "objective": clean(question.intent),
        "reference": clean(question.reference),
        "answer": clean(question.answer)[: config.characters],
    }
    turn = 0
    while any((fence := key_of("fence", turn, parts, size=8)) in part for part in parts.values()):
        turn += 1
    return (Message(role="user", content=config.words(question.kind).substitute(parts, fence=fence)),)


async def ask(questions: Sequence[Question], model: Model, config: FuzzyConfig) -> Replies:
    """Each question once, greedily; where that fails, each question alone. Never raises FaultError."""
    todo = list({question.key: question for question in questions}.values())
    prompts = [prompt(question, config) for question in todo]
    how = Sampling(temperature=0.0, max_tokens=config.max_tokens)
    if not todo:
        return Replies()
    try:
        said = await model.complete(prompts, [how] * len(prompts))
        return Replies(replies={one.key: reply.text for one, reply in zip(todo, said, strict=True)})
    except FaultError as error:
        fault = error.fault
    replies: dict[str, str] = {}
    for question, words in zip(todo, prompts, strict=True) if len(todo) > 1 else ():
        try:
            (reply,) = await model.complete([words], [how])
        except FaultError as error:
            fault = error.fault
        else:
            replies[question.key] = reply.text
    if len(replies) == len(todo):
        return Replies(replies=replies)
    line = f"the judge gave no reply ({fault.kind}): {fault.message}"[:300]
    return Replies(replies=replies, fault=Fault(owner=Owner.EVALUATOR, kind="judge_offline", message=line))


async def settle(
    record: TaskRecord,
    evidence: Evidence,
    model: Model | None,
    config: FuzzyConfig,
    replies: Mapping[str, str] | None = None,
    verified: bool = False,
) -> tuple[Verdict, dict[str, str]]:
    """The verdict with what had to be asked, and all replies, old and new, to be kept beside the evidence.

    Replies that say neither yes nor no are kept and not asked for again. Without a model, open questions stay open.
    """
    known = dict(replies or {})
    found = judge(record, evidence, known, verified)
    todo = [question for question in found.needs if question.key not in known]
    if model is None or not todo:
        return found, known
    asked = await ask(todo, model, config)
    known |= asked.replies
    found = judge(record, evidence, known, verified)
    if found.needs and asked.fault is not None:
        found = found.with_(fault=asked.fault)
    return found, known
