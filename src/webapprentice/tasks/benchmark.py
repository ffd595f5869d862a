"""A benchmark file: which sites there are, who signs in where, how they are reset, and where the tasks are.

    name: myapp
    tasks: tasks.json          # WebArena's format; paths are relative to this file
    gold: gold.yaml            # what solves each task, line by line (optional)
    sites:
      myapp:
        url: http://127.0.0.1:8000
        login: {page: /login, user: ann, password: env:MYAPP_PASSWORD, signed_in: /account}
    reset: {url: http://127.0.0.1:8000/testing/reset, cookie: testing_session}

The local sites are such a benchmark too, made while they run; so is WebArena.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from webapprentice.browser.origins import Rule, place_of
from webapprentice.core.config import Config, read_yaml
from webapprentice.core.faults import UsageError
from webapprentice.core.records import Task
from webapprentice.tasks.gold import load_gold
from webapprentice.tasks.webarena.lists import SIZES, selection
from webapprentice.tasks.webarena.records import tasks_from

Shared = Literal["episode", "run", "never"]
OURS = ("miniwob", "sites")
"""Names that a benchmark file cannot have."""


class LoginConfig(Config):
    """How an agent is signed in at a site before it begins, by its own login page."""

    page: str = "/login"
    """Path of the page that asks who it is."""
    user: str
    """Name to sign in with; `env:NAME` takes it from the environment."""
    password: str
    """Its password; `env:NAME` takes it from the environment."""
    user_field: str = "[name=user]"
    """CSS selector of the field for the name."""
    password_field: str = "[name=password]"
    """CSS selector of the field for the password."""
    submit: str = ""
    """CSS selector of what is pressed; empty: Enter in the password field."""
    signed_in: str = "/"
    """Path of a page that is only shown to whoever is signed in; everybody else is sent on or refused."""
    signed_out: str = ""
    """Words of that page's HTML that only a stranger sees, where it is shown to strangers as well."""
    every_seconds: float = Field(default=0.0, ge=0.0)
    """Sign in again when the login is this old; 0: only when the site says that it has ended."""


class SiteConfig(Config):
    """One site of a benchmark."""

    url: str
    """Its address; `__NAME__` in task files stands for it."""
    place: str = ""
    """Where the name in the address leads, such as 127.0.0.1:8301; empty: names are resolved as usual."""
    health: str = "/"
    """Path that is asked before each task; an answer of 500 or more, or none, is a site that is out of order."""
    login: LoginConfig | None = None
    state: str = ""
    """Path, asked with `?session=`, that answers the site's state as JSON, for `site_state(...)` in task files."""

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url[:80]!r} is no address of a site; write http://127.0.0.1:8000")
        Rule.read(_origin(url))
        return url

    @model_validator(mode="after")
    def _led(self) -> Self:
        if self.place:
            place_of(self.place)
            if urlsplit(self.url).port is not None:
                raise ValueError("a site with a place has no port in its address; write http://shop.test")
        return self

    def at(self, path: str) -> str:
        """The address of a path below the site's own."""
        rest = path.lstrip("/")
        return f"{self.url.rstrip('/')}/{rest}" if rest else self.url

    @property
    def host(self) -> str:
        """The name in its address."""
        return urlsplit(self.url).hostname or ""


class ResetConfig(Config):
    """How the sites are made new."""

    when: Shared = "episode"
    """`episode`: before each; `run`: once, before the first; `never`: somebody else sees to it."""
    url: str = ""
    """Address that is asked by POST to make them new. Where it answers JSON with `session`, that goes into `cookie`."""
    cookie: str = ""
    """Cookie that gives each browser a state of its own; empty: all browsers share one state, and tasks that change it
    are never played side by side."""
    command: str = ""
    """Shell command that makes them new, such as a script that restores containers."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Sent with the request for a reset and for states, such as a secret token."""
    seconds: float = Field(default=600.0, gt=0.0)
    """Deadline of one reset."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.when != "never" and not (self.url or self.command):
            raise ValueError(f"when: {self.when} needs a url or a command that makes the sites new")
        if self.cookie and (self.when != "episode" or not self.url):
            raise ValueError("a cookie of each browser's own comes from a url that is asked with when: episode")
        return self


class BenchmarkConfig(Config):
    """Everything that a benchmark file may say."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    """Task ids are `NAME/ID`."""
    tasks: tuple[Path, ...] | Path = ()
    """Task files in WebArena's format, or folders of them."""
    gold: Path | None = None
    """Solutions by task id; see `apprentice tasks check`."""
    sites: dict[str, SiteConfig]
    reset: ResetConfig = ResetConfig(when="never")
    lists: dict[str, Path] = Field(default_factory=dict)
    """Files of the selections `lite`, `verified` and `hard`, called `NAME_lite` and so on where tasks are named; the
    last two are known without a file where the package webarena-verified is installed."""
    auth: Path | None = None
    """Folder that keeps login states between runs; None: they last as long as the process."""
    verified: bool = False
    """Judge with known faults of the released evaluators mended."""
    steps: int = Field(default=30, ge=1)
    """Actions of one episode at the most."""
    viewport: tuple[int, int] = (1280, 720)
    """Width and height in CSS pixels."""

    @classmethod
    def read(cls, file: Path) -> Self:
        """The benchmark of a file, its paths made absolute. Raises UsageError."""
        found = read_yaml(file)
        try:
            made = cls.model_validate(found)
        except ValidationError as error:
            raise UsageError(f"{file}: {_explain(error)}; docs/own-app.md shows a whole file") from error
        if made.name in OURS:
            raise UsageError(f"{file}: {made.name} is the name of tasks that come with us; choose another")
        here = file.absolute().parent
        tasks = made.tasks if isinstance(made.tasks, tuple) else (made.tasks,)
        return made.with_(
            tasks=tuple(here / path for path in tasks),
            gold=made.gold and here / made.gold,
            auth=made.auth and here / made.auth,
            lists={name: here / path for name, path in made.lists.items()},
        )

    @property
    def addresses(self) -> dict[str, str]:
        """Base address of each site, by name."""
        return {name: site.url.rstrip("/") for name, site in self.sites.items()}

    @property
    def origins(self) -> tuple[str, ...]:
        """What pages may reach: the sites, and nothing else."""
        return tuple(dict.fromkeys(_origin(site.url) for site in self.sites.values()))

    @property
    def hosts(self) -> dict[str, str]:
        """Names with a place of their own."""
        return {site.host: site.place for site in self.sites.values() if site.place}

    @property
    def own_state(self) -> bool:
        """Whether each browser has a state of its own, so that episodes can be played side by side."""
        return bool(self.reset.cookie)

    def load(self) -> list[Task]:
        """All tasks, in the order of their files. Raises UsageError."""
        paths = self.tasks if isinstance(self.tasks, tuple) else (self.tasks,)
        if not paths:
            raise UsageError(f"the benchmark {self.name} names no task file; add a line such as  tasks: tasks.json")
        found = [task for path in paths for task in tasks_from(path, self.addresses, self.name)]
        for task in found:
            if not task.start_urls and not {*task.sites} & {*self.sites}:
                raise UsageError(
                    f"task {task.id} begins nowhere: it has no start_url, and none of its sites is one of "
                    f"{', '.join(self.sites)}; give it one"
                )
        return [task.with_(limits=task.limits.with_(steps=self.steps)) for task in found]

    def listed(self, word: str) -> frozenset[str]:
        """Ids of the tasks of a list, such as `webarena_hard`; none where the word is no such name.

        Raises UsageError and UnavailableError where the list cannot be had.
        """
        name = word.removeprefix(f"{self.name}_")
        if name == word or name not in SIZES:
            return frozenset()
        return frozenset(f"{self.name}/{number}" for number in selection(name, self.lists.get(name)))

    def solutions(self) -> dict[str, tuple[str, ...]]:
        """Gold runs by task id; empty where the file names none. Raises UsageError."""
        if self.gold is None:
            return {}
        known = {task.id.removeprefix(f"{self.name}/") for task in self.load()}
        found = load_gold(self.gold, self.addresses)
        for number in found:
            if number not in known:
                raise UsageError(f"{self.gold} solves {number}, and there is no such task{_near(number, known)}")
        return {f"{self.name}/{number}": lines for number, lines in found.items()}


def secret(text: str) -> str:
    """The value itself, or of the variable that `env:NAME` names. Raises UsageError where there is none."""
    if not text.startswith("env:"):
        return text
    name = text.removeprefix("env:")
    found = os.environ.get(name)
    if found is None:
        raise UsageError(
            f"the environment has no {name}, which a login of the benchmark needs; export it and try again"
        )
    return found


def _explain(error: ValidationError) -> str:
    """The first thing that is wrong with a file, and what was probably meant."""
    first = error.errors(include_url=False)[0]
    where, said = ".".join(str(part) for part in first["loc"]), first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        return f"{where} is needed and is not there"
    if first["type"] != "extra_forbidden":
        return f"{where}: {said}"
    known = {name for kind in (BenchmarkConfig, SiteConfig, LoginConfig, ResetConfig) for name in kind.model_fields}
    return f"there is no setting {where}{_near(str(first['loc'][-1]), known)}"


def _near(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
