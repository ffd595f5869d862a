"""Configuration: each knob is declared once, in the frozen class of its verb.

The command line, the YAML file and the saved `config.json` all come from that class. Values are merged in this order,
later ones winning: defaults, file, `--set a.b=c`.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from webapprentice.core.faults import UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.text import squeeze

_MAX_FILE_BYTES = 1_000_000


class Config(BaseModel):
    """Everything that may differ between two runs of one verb."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def with_(self, **changes: Any) -> Self:
        """A copy with some values replaced and all of it validated again."""
        return type(self).model_validate({**{name: getattr(self, name) for name in type(self).model_fields}, **changes})

    @property
    def hash(self) -> str:
        """Content key of the resolved values."""
        return key_of(type(self).__name__, self)

    @classmethod
    def resolve(
        cls, file: Path | None = None, sets: Sequence[str] = (), recipe: Path | None = None, **given: Any
    ) -> Self:
        """Defaults, then the recipe, then the YAML file, then `a.b=c` pairs, then what the caller gives.

        Raises UsageError with one line that names the field, what was found and what would fit.
        """
        merged = _defaults(cls)
        for one in (recipe, file):
            _merge(merged, read_yaml(one) if one else {})
        for pair in sets:
            _put(merged, *_parse(pair))
        for name, value in given.items():
            if value is not None:
                merged[name] = value
        try:
            return cls.model_validate(merged)
        except ValidationError as error:
            raise UsageError(_explain(cls, error)) from error


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping a YAML file holds. Raises UsageError when it is missing, too large, malformed, or no mapping."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the configuration {file}: {error.strerror or error}; check the path") from error
    if len(raw) > _MAX_FILE_BYTES:
        raise UsageError(f"the configuration {file} is larger than {_MAX_FILE_BYTES:,} bytes; that cannot be right")
    try:
        data = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2020-13-45 is a ValueError
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}, column {where.column + 1}" if where else ""
        problem = squeeze(str(getattr(error, "problem", None) or type(error).__name__))
        raise UsageError(f"{file} is no valid YAML{line}: {problem}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UsageError(f"{file} must hold `name: value` lines at the top, not a {type(data).__name__}")
    return {str(name): value for name, value in data.items()}


def knobs(cls: type[Config], prefix: str = "", given: Config | None = None) -> Iterator[tuple[str, str, Any, str]]:
    """Every knob of a configuration: dotted name, type, default, and its documentation.

    `given` is the default of the group that this class is, which may differ from the class's own defaults.
    """
    docs = _field_docs(cls)
    for name, field in cls.model_fields.items():
        inner = field.annotation
        default = "required" if field.is_required() else field.get_default(call_default_factory=True)
        if given is not None:
            default = getattr(given, name)
        if isinstance(inner, type) and issubclass(inner, Config):
            yield from knobs(inner, f"{prefix}{name}.", default if isinstance(default, Config) else None)
            continue
        kind = getattr(inner, "__name__", None) if not getattr(inner, "__args__", None) else str(inner)
        yield f"{prefix}{name}", str(kind or inner).replace("typing.", ""), default, docs.get(name, "")


def _field_docs(cls: type[Config]) -> dict[str, str]:
    """Docstrings under fields, read from the source; pydantic keeps them only with an option that costs import time."""
    import ast
    import inspect
    import textwrap

    found: dict[str, str] = {}
    for base in reversed([base for base in cls.__mro__ if issubclass(base, Config) and base is not Config]):
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, SyntaxError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, note in itertools.pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(note, ast.Expr):
                value = note.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found[field.target.id] = " ".join(value.value.split())
    return found


def _defaults(cls: type[Config]) -> dict[str, Any]:
    """Every default as plain values, so that a file that changes one setting of a group leaves the others alone."""
    found = {}
    for name, field in cls.model_fields.items():
        if not field.is_required():
            value = field.get_default(call_default_factory=True)
            found[name] = value.model_dump() if isinstance(value, Config) else value
    return found


def _merge(target: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        inner = target.get(name)
        if isinstance(inner, dict) and isinstance(value, Mapping):
            _merge(inner, value)
        else:
            target[name] = value


def _parse(pair: str) -> tuple[list[str], Any]:
    name, equals, text = pair.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--set takes NAME=VALUE, such as --set train.learning_rate=1e-4; this was {pair!r}")
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = squeeze(str(getattr(error, "problem", error)))
        raise UsageError(f"the value in --set {pair!r} is no valid YAML: {problem}") from error
    return name.strip().split("."), _number(value)


def _number(value: Any) -> Any:
    """YAML 1.1 reads `1e-4` as a string; people mean a number."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        inner = target.get(name)
        if inner is None:  # not there, or a group that is off by default
            inner = target[name] = {}
        if not isinstance(inner, dict):
            raise UsageError(f"--set {'.'.join(path)}: {name} is a value here, not a group of settings")
        target = inner
    target[path[-1]] = value


def _explain(cls: type[Config], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "the configuration"
    if first["type"] == "extra_forbidden":
        known = [knob for knob, *_ in knobs(cls)]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        return f"there is no setting {name!r}; " + (
            f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(known)}"
        )
    if first["type"] == "missing":
        return f"the setting {name!r} is needed and was not given; add --set {name}=VALUE"
    if not first["loc"]:  # settings that do not go together: no single one is wrong
        return f"these settings cannot be: {first['msg'].removeprefix('Value error, ')}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return (
        f"the setting {name!r} cannot be {_short(first['input'])}: {first['msg'].removeprefix('Value error, ')}{more}"
    )


def _short(value: Any) -> str:
    text = repr(value) if not isinstance(value, Mapping) else f"{{{', '.join(map(str, value))}}}"
    return text if len(text) <= 60 else text[:57] + "..."
