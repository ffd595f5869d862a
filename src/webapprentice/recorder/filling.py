"""The secrets that a recording names: from the environment or a keyring, and only where they were typed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from webapprentice.browser.origins import origin_of
from webapprentice.core.faults import UsageError

PREFIX = "APPRENTICE_SECRET_"
SERVICE = "webapprentice"
"""Name of the keyring's entries."""
PLACEHOLDER = re.compile(r"\{\{(\w+):(\d+)\}\}")


def filled(text: str, recorded: str, here: str, environment: Mapping[str, str] | None = None) -> str:
    """The text with its placeholders filled. `recorded` and `here` are the addresses then and now.

    Raises UsageError when a secret is not to be had, or this is another origin.
    """
    if not PLACEHOLDER.search(text):
        return text
    if not same_origin(recorded, here):
        raise UsageError(f"{text[:40]} was typed at {_origin(recorded)} and is not told to {_origin(here)}")
    return PLACEHOLDER.sub(lambda found: secret(found[1], found[2], environment), text)


def secret(kind: str, number: str, environment: Mapping[str, str] | None = None) -> str:
    """One secret. Raises UsageError when nobody has it."""
    name = f"{PREFIX}{kind.upper()}_{number}"
    given = (os.environ if environment is None else environment).get(name)
    if given is None:
        given = _from_keyring(f"{kind}_{number}")
    if given is None:
        raise UsageError(
            f"the recording needs {{{{{kind}:{number}}}}}; set {name}, or keep {kind}_{number} of "
            f"{SERVICE} in a keyring"
        )
    return given


def _from_keyring(name: str) -> str | None:
    try:
        keeper: Any = import_module("keyring")
    except ImportError:
        return None
    try:
        found = keeper.get_password(SERVICE, name)
    except Exception:  # a keyring without a keeper, or a locked one: as if there were none
        return None
    return str(found) if found is not None else None


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses are of one origin."""
    try:
        return str(origin_of(one)) == str(origin_of(other))
    except ValueError:
        return False


def _origin(url: str) -> str:
    try:
        return str(origin_of(url))
    except ValueError:
        return url[:60] or "nowhere"
