"""One deadline around every call into the browser, and one owner for whatever goes wrong there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from playwright.async_api import Error

from webapprentice.core.faults import Fault, FaultError, Owner

T = TypeVar("T")


def fault(kind: str, message: str) -> FaultError:
    """A fault of the environment, on its way up."""
    return FaultError(Fault(owner=Owner.ENVIRONMENT, kind=kind, message=" ".join(message.split())[:300]))


def kind_of(error: Error) -> str:
    """Which fault a browser error is: a crashed page, a dead browser, or a failed call."""
    said = error.message.lower()
    if "crash" in said:
        return "page_crash"
    if "has been closed" in said or "target closed" in said or "connection closed" in said or "disconnected" in said:
        return "browser_dead"
    if "net::" in said or "err_" in said or "invalid url" in said:
        return "navigation_failed"
    return "browser_error"


async def bounded(call: Awaitable[T], seconds: float, doing: str) -> T:
    """The call's result. Raises FaultError owned by `environment`, kind page_hang when `seconds` have passed."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        raise fault("page_hang", f"no answer within {seconds:g} s while {doing}") from error
    except Error as error:
        raise fault(kind_of(error), f"{error.message.splitlines()[0]} while {doing}") from error
