"""One deadline around every call into the browser, and one owner for whatever goes wrong there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from webapprentice.browser.pipe import ProtocolError
from webapprentice.core.faults import Fault, FaultError, Owner

T = TypeVar("T")


def fault(kind: str, message: str) -> FaultError:
    """A fault of the environment, on its way up."""
    return FaultError(Fault(owner=Owner.ENVIRONMENT, kind=kind, message=" ".join(message.split())[:300]))


async def bounded(call: Awaitable[T], seconds: float, doing: str) -> T:
    """The call's result. Raises FaultError owned by `environment`, kind page_hang when `seconds` have passed."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        raise fault("page_hang", f"no answer within {seconds:g} s while {doing}") from error
    except ProtocolError as error:
        raise fault(error.kind, f"{error.message} while {doing}") from error
