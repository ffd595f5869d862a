"""Every failure has one owner, named once, where the border is crossed.

The whole tree:

    ApprenticeError            one clear line for the user; carries an exit code
    ├── LimitError             4   a limit that the user set for the run was reached
    ├── UsageError             2   wrong input: unknown task, bad YAML, missing file
    ├── UnavailableError       69  something we need is not there: no Chromium, port taken, no endpoint
    ├── OutputError            74  the disk is full, a store cannot be read or written
    ├── BusyError              75  somebody else holds the store
    └── FaultError             70  an owned fault that nobody turned into data
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Owner(StrEnum):
    """Whose failure it was."""

    AGENT = "agent"
    ENVIRONMENT = "environment"
    MODEL = "model"
    EVALUATOR = "evaluator"
    STORE = "store"
    US = "us"


class Fault(BaseModel):
    """One failure: who owns it, its kind from a short list, and one line of detail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: Owner
    kind: str
    """Such as page_hang, page_crash, browser_dead, reset_failed, llm_timeout, llm_5xx, context_overflow, bug."""
    message: str = ""


class ApprenticeError(Exception):
    """What the user did not want to happen, said in one line."""

    exit_code = 1


class UsageError(ApprenticeError):
    """The input was wrong; the line says what, why, and what to do."""

    exit_code = 2


class LimitError(ApprenticeError):
    """The run used what it was allowed to use; running it again goes on."""

    exit_code = 4


class UnavailableError(ApprenticeError):
    """Something outside is missing."""

    exit_code = 69


class OutputError(ApprenticeError):
    """Nothing could be read or written where it had to be."""

    exit_code = 74


class BusyError(ApprenticeError):
    """Try again later: somebody else is at work here."""

    exit_code = 75


class FaultError(ApprenticeError):
    """A fault on its way from the border where it was named to whoever records it."""

    exit_code = 70

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.owner} fault {fault.kind}: {fault.message}")
        self.fault = fault


@contextmanager
def border(owner: Owner, kind: str, *translated: type[Exception]) -> Iterator[None]:
    """Call through a door: a foreign exception leaves as a `FaultError` of this owner.

    Only the exception types named are translated (all of `Exception` when none is); a fault that already has an
    owner passes unchanged, so the innermost border names it.
    """
    try:
        yield
    except ApprenticeError:
        raise
    except Exception as error:
        if translated and not isinstance(error, translated):
            raise
        line = " ".join(str(error).split())[:300] or type(error).__name__
        raise FaultError(Fault(owner=owner, kind=kind, message=line)) from error
