"""What stands in a secret's place: `{{password:1}}`, typed and numbered, the same throughout a recording."""

from __future__ import annotations

import re
from collections import Counter

PLACEHOLDER = re.compile(r"\{\{([a-z][a-z_]{0,30}):(\d{1,9})\}\}")


def placeholder(kind: str, number: int) -> str:
    """The placeholder's text; `kind` is made of small letters and `_`."""
    name = re.sub(r"[^a-z]+", "_", kind.lower()).strip("_")[:30] or "secret"
    return f"{{{{{name}:{number}}}}}"


def placeholders(text: str) -> Counter[str]:
    """The placeholders in a text, and how often each stands there."""
    return Counter(found[0] for found in PLACEHOLDER.finditer(text))
