"""The nouns: frozen, closed, versioned records that outlive the code that wrote them.

A `Trajectory` is the same thing whoever made it: a recorded person, a model acting in a browser, a model inventing
an example, or an importer.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from webapprentice.core.actions import Action
from webapprentice.core.faults import Fault


class Record(BaseModel):
    """A frozen value; unknown fields are refused, so a newer file is never half read."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    def with_(self, **changes: object) -> Self:
        """A copy with some fields replaced and all of it validated again."""
        return type(self).model_validate({**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


class Limits(Record):
    """Bounds of one episode."""

    steps: int = 10
    """Actions at the most."""
    seconds: float = 60.0
    """Wall time of acting and observing at the most; what the model takes to answer is not counted."""
    step_seconds: float = 15.0
    """Wall time of one action with its observation."""


class Task(Record):
    """Data only: what is to be done, where, and how it is judged."""

    schema_version: Literal[1] = 1
    id: str
    """`benchmark/name`, for example `miniwob/click-test`."""
    benchmark: str
    goal: str | None = None
    """None: the environment states the objective when an episode starts (MiniWoB++ draws it from the seed)."""
    start_urls: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    template: str = ""
    """Tasks of one template are one cluster in every interval."""
    limits: Limits = Limits()
    reset: Literal["reseed", "reload", "context"] = "reseed"
    """The cheapest reset that leaves nothing of the last episode behind."""
    evaluator: dict[str, str] = {}
    skills: tuple[str, ...] = ()
    """What the page asks for: click, type, select, tab, scroll, drag, draw, time."""


class Element(Record):
    """One element or one run of text, as the in-page walker saw it.

    Elements stand in document order; shadow roots and frames stand where their host stands.
    """

    id: int
    """Node id, unique in its observation, stable while the document lives. Runs of text have one too."""
    parent: int | None = None
    """Node id of the parent element; None for a root."""
    tag: str
    """Lower-case tag name; `#text` for a run of text."""
    role: str = ""
    """ARIA role, explicit or implied by the tag; empty where there is none worth naming."""
    name: str = ""
    """Accessible name, white space collapsed."""
    text: str = ""
    """The text itself, for `#text` only."""
    value: str | None = None
    """Current value of a form control; of a drop-down, the text of the chosen option."""
    states: tuple[str, ...] = ()
    """Of: checked, selected, expanded, collapsed, disabled, focused, pressed, required, readonly, invalid, multiple."""
    options: tuple[str, ...] = ()
    """Texts of a drop-down's options."""
    attributes: dict[str, str] = {}
    """Attributes worth keeping in HTML text: id, class, type, name, href, placeholder, aria-*, title, alt, ..."""
    visible: bool = True
    """Rendered with an area, not hidden by style."""
    in_view: bool = True
    """Some of it is inside the viewport."""
    clickable: bool = False
    """A native control, a link, or an element that shows it listens (onclick, pointer cursor, tabindex)."""
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    """x, y, width, height in CSS pixels of the top viewport."""
    frame: int = 0
    """0 for the main document; n for the n-th frame that was read; those of the same origin come first."""


class Tab(Record):
    """One open tab."""

    url: str
    title: str
    active: bool = False


class Download(Record):
    """A file that a page let download; it lies in quarantine and is never opened."""

    name: str
    """What the page calls it, made harmless: no folders, no control characters, 120 characters at the most."""
    bytes: int = 0
    state: Literal["running", "finished", "cancelled", "refused"] = "running"
    """`refused`: larger than allowed, or one too many."""
    sha256: str = ""
    """Of the whole file, in hexadecimal; empty until it is finished."""


class Observation(Record):
    """What could be seen before a step."""

    url: str
    title: str = ""
    tabs: tuple[Tab, ...] = ()
    elements: tuple[Element, ...] = ()
    html: str | None = None
    """Key of the blob with the raw HTML; None when it was not asked for."""
    screenshot: str | None = None
    """Key of the blob with a PNG; None when it was not asked for."""
    viewport: tuple[int, int] = (0, 0)
    truncated: bool = False
    """The walker ran out of its budget of nodes or time."""
    torn: bool = False
    """The document changed while it was read."""
    frames_skipped: int = 0
    dialog: str | None = None
    """Text of a dialog that the page opened since the last observation, with its kind in front."""
    downloads: tuple[Download, ...] = ()
    """Files that pages let download since the window was opened."""
    last_error: str | None = None
    """What the last action came to, when it was not done."""

    def element(self, node: int) -> Element | None:
        """The element of this node id; None where there is none."""
        return next((element for element in self.elements if element.id == node), None)


class Result(StrEnum):
    """What became of one action."""

    DONE = "done"
    UNREADABLE = "unreadable"
    """The words were no action."""
    STALE = "stale"
    """No such element any more."""
    HIDDEN = "hidden"
    COVERED = "covered"
    """Something else would have received the event."""
    DISABLED = "disabled"
    UNSUITABLE = "unsuitable"
    """The element cannot take this action: typing into a heading, a missing option."""
    BLOCKED = "blocked"
    """Refused by policy."""
    LATE = "late"
    """The page did not answer in time."""


class Outcome(Record):
    """What happened when an action was carried out."""

    result: Result
    message: str = ""
    """One line a person and a model can act on; at most 200 characters."""
    changed: bool | None = None
    """Whether the page text differed afterwards; None where nobody looked."""
    done: bool = False
    """The environment ended the episode."""


class Usage(Record):
    """What one model call cost."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    """Wall time of the call; a batch's time is shared among its members."""


class Locator(Record):
    """One way to find an element again; when it was recorded it found this element and no other."""

    kind: Literal["role", "label", "attribute", "beside", "text", "css", "xpath", "path"]
    """`beside`: of all with this role and name, the one nearest to these words."""
    value: tuple[str, ...]
    """Role and name; tag and label; a CSS selector; role, name and words; tag and text; an XPath."""
    index: int = 0
    """Which of the `count` elements it finds, from 0; only a role and name may find more than one."""
    count: int = 1


class Target(Record):
    """The element that a person acted on, and how to find it another day."""

    node: int
    """Its node id in the step's observation."""
    tag: str
    role: str = ""
    name: str = ""
    hosts: tuple[str, ...] = ()
    """`frame ...` and `shadow ...` with a selector or an address, outermost first: what it stands in."""
    locators: tuple[Locator, ...] = ()


class Step(Record):
    """One decision and what came of it."""

    schema_version: Literal[1] = 1
    index: int
    observation: Observation
    said: str
    """The model's or the person's own words, verbatim."""
    action: Action | None
    """None: the words were no action; `unread` says why."""
    unread: str | None = None
    outcome: Outcome
    prompt_key: str | None = None
    """Content key of the exact prompt that `said` answers; training refuses rows whose prompt differs."""
    logprob: float | None = None
    """Sum of the log-probabilities of the tokens of `said`, in nats, at temperature 1."""
    usage: Usage = Usage()
    seconds: float = 0.0
    """Wall time of acting and observing."""
    targets: tuple[Target, ...] = ()
    """Of a recorded step: what it was aimed at, in the order in which its action names them."""
    transcript: str | None = None
    """Key of the blob, JSON, with all that an agent's stages were asked and said for this step; None where `said` is
    the one answer to one prompt."""


class Ending(StrEnum):
    """How an episode ended; never a bool, never a message to search."""

    PAGE = "page"
    """The environment ended it."""
    STOPPED = "stopped"
    """The agent said that it had finished."""
    STEP_LIMIT = "step_limit"
    TIME_LIMIT = "time_limit"
    TOKEN_LIMIT = "token_limit"
    MONEY_LIMIT = "money_limit"
    REPEATED = "repeated"
    """The same action three times in a row."""
    UNREADABLE = "unreadable"
    """Three answers in a row were no action."""
    FAULT = "fault"
    CANCELLED = "cancelled"


class Judgment(Record):
    """One judge's opinion of one trajectory."""

    judge: str
    passed: bool | None
    """None: the judge could not say."""
    score: float | None = None
    reason: str = ""
    evidence: str | None = None
    """Key of the blob that the judgment follows from; None where there is none but the trajectory."""


class Provenance(Record):
    """Where a record came from, enough to make it again."""

    config_hash: str = ""
    version: str = ""
    commit: str = ""
    model: str = ""
    """Content key of the model's weights, or the name of an endpoint's model."""
    adapter: str = ""
    browser: str = ""
    viewport: tuple[int, int] = (0, 0)
    locale: str = "en-US"
    seed: int = 0
    attempt: int = 0
    temperature: float | None = None
    spelling: str = ""
    parents: tuple[str, ...] = ()


class Source(StrEnum):
    """Who produced a trajectory."""

    RECORDED = "recorded"
    ROLLOUT = "rollout"
    SYNTHETIC = "synthetic"
    IMPORTED = "imported"


class Trajectory(Record):
    """One attempt at one task, from the first observation to its ending."""

    schema_version: Literal[1] = 1
    key: str
    """Derived from task, seed, attempt, model and configuration: the same on any machine in any order."""
    task: Task
    goal: str
    """The objective as it was stated in this episode."""
    source: Source
    before: tuple[Step, ...] = ()
    """What was done before the first step, where nobody has the pages: prompts tell of it, no row is made of it."""
    steps: tuple[Step, ...] = ()
    final: Observation | None = None
    """What could be seen after the last step, when anything could."""
    ending: Ending
    fault: Fault | None = None
    score: float | None = None
    """None: never judged. 0.0: judged, and failed. 1.0: judged, and solved."""
    raw_reward: float | None = None
    """The environment's own reward before any shaping; None where it gave none."""
    judgments: tuple[Judgment, ...] = ()
    provenance: Provenance = Provenance()
    seconds: float = Field(default=0.0, ge=0.0)

    @field_validator("score")
    @classmethod
    def _finite(cls, score: float | None) -> float | None:
        if score is not None and not (math.isfinite(score) and 0.0 <= score <= 1.0):
            raise ValueError(f"a score lies between 0 and 1, or is None when nobody judged; this one is {score}")
        return score

    @property
    def succeeded(self) -> bool:
        """Judged, and solved in full."""
        return self.score is not None and self.score >= 1.0

    @property
    def countable(self) -> bool:
        """Judged, and whatever went wrong was the agent's own doing: only these enter a success rate."""
        return self.score is not None and (self.fault is None or self.fault.owner == "agent")


class Message(Record):
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Example(Record):
    """One training row; the loss applies to `completion` alone."""

    schema_version: Literal[1] = 1
    messages: tuple[Message, ...]
    completion: str
    weight: float = 1.0
    trajectory: str = ""
    """Key of the trajectory it came from."""
    step: int = 0
    position: Literal["first", "middle", "last", "only"] = "only"
    task: str = ""
