from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from samples import trajectory
from webapprentice.core.actions import Action
from webapprentice.core.config import Config, knobs
from webapprentice.core.faults import Fault, FaultError, Owner, UnavailableError, UsageError, border
from webapprentice.core.keys import key_of, seed_for
from webapprentice.core.records import Trajectory
from webapprentice.core.text import clean, pieces, squeeze, words


class Inner(Config):
    rate: float = 0.5
    """How fast."""
    names: tuple[str, ...] = ("a",)


class Outer(Config):
    inner: Inner = Inner(rate=0.25)
    """A group whose default differs from its class's."""
    size: int = 3
    """How large."""


def test_a_file_that_changes_one_setting_of_a_group_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("inner: {names: [b]}\n")
    assert Outer.resolve(file) == Outer(inner=Inner(rate=0.25, names=("b",)))
    assert Outer.resolve(None, ["inner.names=[c]"]).inner.rate == 0.25


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("size: 4\ninner: {rate: 1e-3}\n")
    assert Outer.resolve(file, ["size=5"]).size == 5
    assert Outer.resolve(file, ["size=5"], size=6).size == 6
    assert Outer.resolve(file, ["inner.rate=1e-4"]).inner.rate == 1e-4
    assert Outer.resolve(file).inner.rate == 1e-3


def test_knobs_carry_their_documentation() -> None:
    assert list(knobs(Outer)) == [
        ("inner.rate", "float", 0.25, "How fast."),
        ("inner.names", "tuple[str, ...]", ("a",), ""),
        ("size", "int", 3, "How large."),
    ]


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "&a [*a]", "x: !!python/object/apply:os.system [ls]"])
def test_a_file_that_is_no_mapping_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        Outer.resolve(file)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30))
def test_any_set_pair_is_taken_or_refused_in_one_line(pair: str) -> None:
    try:
        Outer.resolve(None, [pair])
    except UsageError as error:
        lines = str(error).splitlines()
    else:
        lines = ["taken"]
    assert len(lines) == 1


def test_not_judged_is_not_failed() -> None:
    assert trajectory(score=None).score is None
    assert not trajectory(score=None).countable
    assert trajectory(score=0.0).countable
    assert not trajectory(score=0.0).succeeded
    broken = trajectory(score=0.0).with_(fault=Fault(owner=Owner.ENVIRONMENT, kind="page_crash"))
    assert not broken.countable
    for wrong in (1.5, -0.1, float("nan")):
        with pytest.raises(ValidationError):
            trajectory(score=wrong)


def test_records_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError):
        Trajectory.model_validate({**trajectory().model_dump(), "colour": "red"})
    with pytest.raises(ValidationError):
        Trajectory.model_validate({**trajectory().model_dump(), "schema_version": 2})
    with pytest.raises(ValidationError):
        TypeAdapter(Action).validate_python({"kind": "shell", "command": "ls"})


def test_a_trajectory_survives_json() -> None:
    assert Trajectory.model_validate_json(trajectory().model_dump_json()) == trajectory()


def test_a_golden_trajectory_of_schema_1_stays_readable() -> None:
    golden = Path(__file__).parent / "golden" / "trajectory-1.json"
    assert Trajectory.model_validate_json(golden.read_text(encoding="utf-8")) == trajectory("golden")


def test_keys_depend_on_contents_alone() -> None:
    assert key_of({"b": 1, "a": trajectory()}) == key_of({"a": trajectory(), "b": 1})
    assert key_of("a", "b") != key_of("ab")
    assert seed_for("run", "task", 1) == 4060951016
    assert seed_for("run", "task", 1) != seed_for("run", "task", 2)


def test_the_innermost_border_names_the_owner() -> None:
    with pytest.raises(FaultError) as caught, border(Owner.EVALUATOR, "outer"), border(Owner.MODEL, "inner"):
        raise OSError("broken\npipe")
    assert caught.value.fault == Fault(owner=Owner.MODEL, kind="inner", message="broken pipe")
    with pytest.raises(UnavailableError), border(Owner.MODEL, "x"):
        raise UnavailableError("no GPU")
    with pytest.raises(KeyError), border(Owner.MODEL, "x", OSError):
        raise KeyError("ours")


@given(st.text())
def test_clean_text_can_be_written_anywhere(text: str) -> None:
    safe = clean(text)
    assert safe.encode("utf-8").decode("utf-8") == safe
    assert not set(safe) & {"\x00", "\x1b", "\x7f", "\u202e", "\ufeff"}
    assert clean(safe) == safe


def test_words_and_pieces() -> None:
    assert " ".join(pieces("Send it to bob@mail.com, now!")) == "Send it to bob @ mail . com , now !"
    assert words("Größe: ＡＢＣ, 12") == ["grösse", "abc", "12"]
    assert squeeze(" a\n\t b ") == "a b"
    every = "".join(f"x{chr(point)}\n" for point in range(sys.maxunicode + 1))
    assert squeeze(every) == re.sub(r"\s+", " ", every).strip()  # white space is the same to both
