"""`func:` locators: read as one call with literal arguments, never executed."""

from __future__ import annotations

import ast
from typing import Any, Final, NamedTuple

from webapprentice.core.faults import UsageError

LAST_URL: Final = "__last_url__"
PAGE: Final = "__page__"
PREFIX: Final = "func:"


class Call(NamedTuple):
    """A helper's name and its arguments; the page itself (`__page__`) is left out, every helper has it."""

    name: str
    arguments: tuple[Any, ...]

    def at(self, last_url: str) -> Call:
        """With the address of the agent's page in place of `__last_url__`."""
        return Call(
            self.name,
            tuple(one.replace(LAST_URL, last_url) if isinstance(one, str) else one for one in self.arguments),
        )


def parse_call(text: str) -> Call:
    """The call of a `func:` locator, such as `func:reddit_get_post_url('__last_url__')`.

    Arguments are literals, or `__page__`. Raises UsageError for anything else.
    """
    head, colon, source = text.partition(":")
    if not colon or head != "func":
        raise UsageError(f"{text!r} is no `func:NAME(...)`")
    try:
        tree = ast.parse(source.strip(), mode="eval").body
        if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)) or tree.keywords:
            raise ValueError("not one call by name with plain arguments")
        given = [one for one in tree.args if not (isinstance(one, ast.Name) and one.id == PAGE)]
        return Call(tree.func.id, tuple(ast.literal_eval(one) for one in given))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError) as error:
        raise UsageError(f"{source.strip()[:80]!r} is no call with literal arguments ({error})") from error
