"""Function calls with literal arguments, found in words and read as syntax trees. Nothing is ever executed."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Sequence

from webapprentice.language.reading import Unreadable

Literal = str | int | float | bool | None | list["Literal"]

_MAX_CHARACTERS = 20_000
"""Of one answer; what is longer is no action, and its syntax tree is never built."""
_TAG = re.compile(r"<action>(.*?)</action>", re.DOTALL)
_LANGUAGE = re.compile(r"^(?:python|py)?[ \t]*\n")


def found_in(text: str, known: Callable[[str], bool]) -> list[str]:
    """The calls of an answer: all of it, or in `<action>` tags, in back-ticks, or on lines of their own.

    `known` tells the names of calls. Raises Unreadable when there are none.
    """
    if len(text) > _MAX_CHARACTERS:
        raise Unreadable(f"the answer is longer than {_MAX_CHARACTERS:,} characters")
    if _begins(text, known) and _tree(text) is not None:
        return _statements(text, known)
    for inside in (_TAG.findall(text), text.split("```")[1:-1:2], text.split("`")[1:-1:2]):
        found = [call for one in inside for call in _statements(_LANGUAGE.sub("", one), known)]
        if found:
            return found
    found = [line.strip() for line in text.splitlines() if _begins(line, known)]
    if not found:
        raise Unreadable("there is no call such as click('12')" if text.strip() else "the answer is empty")
    return found


def _begins(text: str, known: Callable[[str], bool]) -> bool:
    return known(text.lstrip().partition("(")[0].rstrip())


def _statements(text: str, known: Callable[[str], bool]) -> list[str]:
    """The statements of a program, or the text itself when it is none."""
    tree = _tree(text.strip())
    if tree is None:
        return [text.strip()] if _begins(text, known) else []
    return [ast.get_source_segment(text.strip(), statement) or "" for statement in tree.body]


def _tree(text: str) -> ast.Module | None:
    with warnings.catch_warnings():  # '\d' is a warning of the compiler's, and no business of ours
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


def the_call(spelled: str) -> tuple[str, ast.Call]:
    """The name that is called, and the call. Raises Unreadable when the words are anything else."""
    tree = _tree(spelled)
    if tree is None:
        raise Unreadable(f"this is not written as a call: {spelled[:60]!r}")
    statement = tree.body[0] if len(tree.body) == 1 else None
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise Unreadable(f"this is no call of an action: {spelled[:60]!r}")
    return call.func.id, call


def bound(verb: str, call: ast.Call, names: Sequence[str]) -> dict[str, Literal]:
    """The arguments by name; a name with `*` must be given. Raises Unreadable, also where one is no literal."""
    known = [name.strip("*") for name in names]
    if len(call.args) > len(known):
        raise Unreadable(f"{verb} has an argument too many")
    given = dict(zip(known, map(_literal, call.args), strict=False))
    for keyword in call.keywords:
        if keyword.arg not in known or keyword.arg in given:
            raise Unreadable(f"{verb} takes no argument {keyword.arg!r}, or has it already")
        given[keyword.arg] = _literal(keyword.value)
    for name in names:
        if name.startswith("*") and name[1:] not in given:
            raise Unreadable(f"{verb} has no {name[1:]}")
    return given


def _literal(node: ast.expr) -> Literal:
    match node:
        case ast.Constant(value=str() | int() | float() | None):
            return node.value  # type: ignore[return-value]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List(elts=items) | ast.Tuple(elts=items):
            if any(isinstance(item, ast.List | ast.Tuple) for item in items):
                raise Unreadable("a list in a list is no argument")
            return [_literal(item) for item in items]
    raise Unreadable(f"arguments are texts, numbers or lists of them, not code ({type(node).__name__})")
