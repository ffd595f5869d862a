"""What a data set is made of, in numbers and for people: it stands beside the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from webapprentice.core.config import Config
from webapprentice.core.records import Record, Trajectory
from webapprentice.curate.dataset import Counts
from webapprentice.curate.draws import Draw
from webapprentice.curate.noise import Noise, said
from webapprentice.curate.splits import Overlap, Part

_SHOWN = 20  # sites and files named in the text


class CardConfig(Config):
    """What only the maker of a data set knows."""

    title: str = "Data set"
    """First line of the card."""
    licence: str = ""
    """Under which others may use the rows, such as CC-BY-4.0."""
    consent: str = ""
    """How those who were recorded agreed to it."""
    notes: str = ""
    """Anything else a reader should know."""


class Tokens(Record):
    """Of the rows of one part, by the tokenizer that `model` names."""

    rows: int
    prompt: int
    completion: int
    longest: int
    """Prompt and completion of the longest row."""
    median: int


class Card(Record):
    """Everything the text of the card says."""

    schema_version: int = 1
    about: CardConfig
    collection: str
    sources: dict[str, int]
    """Trajectories by who made them: recorded, imported, rollout, synthetic."""
    origins: dict[str, int]
    """Trajectories by the file that they were imported from."""
    sites: dict[str, int]
    """Training rows by host."""
    redaction: dict[str, int]
    """Placeholders in the objectives and answers of all parts, by kind."""
    settings: dict[str, object]
    """The resolved configuration."""
    tokenizer: str
    tokens: dict[str, Tokens]
    counts: Counts
    overlap: dict[str, Overlap]
    noise: Noise | None = None
    """Of the training rows; None where a card was made before there was any."""

    @property
    def left_out(self) -> dict[str, int]:
        """Reason → steps or rows that are in no part."""
        names = ("not_chosen", "torn", "truncated", "failed", "unread", "stale", "no_target", "unbalanced")
        return {name: getattr(self.counts, name) for name in (*names, "duplicates", "capped")}


def tokens_of(rows: Sequence[Draw]) -> Tokens:
    """Totals and lengths."""
    lengths = sorted(sum(row.tokens) for row in rows) or [0]
    return Tokens(
        rows=len(rows),
        prompt=sum(row.tokens[0] for row in rows),
        completion=sum(row.tokens[1] for row in rows),
        longest=lengths[-1],
        median=lengths[len(lengths) // 2],
    )


def card(
    about: CardConfig,
    collection: str,
    trajectories: Sequence[Trajectory],
    parts: Mapping[Part, Sequence[Draw]],
    redaction: Mapping[str, int],
    settings: Mapping[str, object],
    tokenizer: str,
    counts: Counts,
    overlap: Mapping[str, Overlap],
    noise: Noise | None = None,
) -> Card:
    """The card of these parts."""
    taught = parts.get(Part.TRAIN, ())
    origins = Counter(parent.partition("#")[0] for t in trajectories for parent in t.provenance.parents)
    return Card(
        about=about,
        collection=collection,
        sources=dict(Counter(str(t.source) for t in trajectories).most_common()),
        origins=dict(origins.most_common()),
        sites=dict(Counter(row.site or "unknown" for row in taught).most_common()),
        redaction=dict(redaction),
        settings=dict(settings),
        tokenizer=tokenizer,
        tokens={part.value: tokens_of(rows) for part, rows in parts.items()},
        counts=counts,
        overlap=dict(overlap),
        noise=noise,
    )


def written(card: Card) -> str:
    """The card as Markdown."""
    about, counts = card.about, card.counts
    lines = [
        f"# {about.title}",
        "",
        f"{counts.trajectories:,} trajectories of `{card.collection}` with {counts.steps:,} steps"
        + f" ({', '.join(f'{number:,} {name}' for name, number in card.sources.items())}).",
        f"Licence: {about.licence or 'not stated'}. Consent of those recorded: {about.consent or 'not stated'}.",
        *([about.notes] if about.notes else []),
        "",
        f"## Rows (tokens by `{card.tokenizer}`)",
        "",
        "| part | rows | prompt tokens | completion tokens | median row | longest row |",
        "|---|---|---|---|---|---|",
        *(
            f"| {part} | {one.rows:,} | {one.prompt:,} | {one.completion:,} | {one.median:,} | {one.longest:,} |"
            for part, one in card.tokens.items()
        ),
        "",
        "## What they share with the training rows",
        "",
        "| part | rows | task | template | objective | address | site | whole prompt |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {part} | {one.rows:,} | {one.tasks:,} | {one.templates:,} | {one.goals:,} | {one.urls:,} "
            f"| {one.sites:,} | {one.prompts:,} |"
            for part, one in card.overlap.items()
        ),
        "",
        "## Label noise of the training rows",
        "",
        f"{(line := said(card.noise))[:1].upper()}{line[1:]}." if card.noise else "Not calibrated.",
        "",
        "## Left out",
        "",
        *(f"* {name.replace('_', ' ')}: {number:,}" for name, number in card.left_out.items()),
        "",
        "## Redaction",
        "",
        *([f"* {kind}: {number:,} placeholders" for kind, number in card.redaction.items()] or ["No placeholders."]),
        "",
        "## Sites of the training rows",
        "",
        *(f"* {site}: {number:,}" for site, number in list(card.sites.items())[:_SHOWN]),
        *([f"* and {len(card.sites) - _SHOWN:,} more"] if len(card.sites) > _SHOWN else []),
        *(["", "## Imported from", ""] if card.origins else []),
        *(f"* {name}: {number:,}" for name, number in list(card.origins.items())[:_SHOWN]),
    ]
    return "\n".join(lines) + "\n"
