"""Twenty secrets that a scripted person types and pages echo: none is in any file, nor in a picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from conftest import Stage
from test_redaction_store import CORES, FOUND, NOTED, TYPED, everything, spellings
from webapprentice.core.actions import Click, Type
from webapprentice.core.records import Task, Trajectory
from webapprentice.recorder import Gesture, Pages, RecordConfig, Recorder, record_scripted, script
from webapprentice.recorder.spool import SUFFIX
from webapprentice.store import Store

pytestmark = pytest.mark.browser

LABELS = {
    "password": "Password",
    "fresh": "New password",
    "phrase": "Passphrase",
    "code": "Code",
    "pin": "PIN",
    "card": "Card",
    "amex": "Second card",
    "cvc": "CVC",
    "iban": "IBAN",
    "ssn": "SSN",
}


def gestures() -> list[Gesture]:
    made = [Gesture(do="type", role="textbox", name=LABELS[field], text=text) for field, text in TYPED.items()]
    texts = list(NOTED.values())
    noted = [
        Gesture(do="type", role="textbox", name="Notes", text="\n".join(texts[at : at + 3]))
        for at in range(0, len(texts), 3)
    ]
    shown = [
        Gesture(do="click", role="button", name="Show"),
        Gesture(do="type", role="textbox", name="Password", text="Sh0wn-later!9"),
    ]
    return [*made, *noted, *shown, Gesture(do="type", role="textbox", name="Nickname", text="kettle")]


SECRETS = [*TYPED.values(), *(CORES.get(name, text) for name, text in NOTED.items()), *FOUND.values(), "Sh0wn-later!9"]


@pytest.fixture(scope="module")
def recorded(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trajectory, dict[str, str]]:
    """The run's folder, the trajectory, and the spool as it was just before it was removed."""
    folder = tmp_path_factory.mktemp("recorded")
    config = RecordConfig(browser=stage.browser.config.with_(viewport=(800, 1400)), bar=False)
    url = f"{stage.url}secrets.html?token=tk_{FOUND['fragment']}"
    task = Task(id="local/secrets", benchmark="local", goal="Fill in the form.", start_urls=(url,))
    kept: dict[str, str] = {}

    async def scene() -> Trajectory:
        recorder = await Recorder.open(stage.browser, config, SHOW)
        person = script(gestures())

        def watched(goal: str, seen: Any, done: Any) -> Any:
            kept.update({path.name: path.read_text() for path in (folder / "recordings").glob(f"*{SUFFIX}")})
            return person(goal, seen, done)

        with Store.create(folder / "store.sqlite") as store:
            try:
                return await record_scripted(
                    recorder, Pages(recorder.window), task, 0, watched, store, folder / "recordings"
                )
            finally:
                await recorder.close()

    return folder, stage.run(scene()), kept


SHOW = """document.addEventListener('DOMContentLoaded', () => {
  const field = document.querySelector('#password');
  if (!field) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Show';
  button.onclick = () => { field.type = 'text'; };
  field.closest('label').after(button);
})"""


def test_no_secret_is_in_any_file_whole_or_unpacked(recorded: tuple[Path, Trajectory, dict[str, str]]) -> None:
    folder, made, spools = recorded
    assert len(SECRETS) > 20
    texts = list(everything(folder))
    assert sum(" blob" in name for name, _ in texts) > 20
    texts += [(name, text) for name, text in spools.items() if not name.startswith("note")]
    assert spools, "the spool was never seen"
    for secret in SECRETS:
        if len(secret) < 5:
            continue  # 4321 or 737 may stand in any number; their own steps are looked at below
        for said in spellings(secret):
            where = [name for name, text in texts if said in text]
            assert not where, f"{said!r} is in {where[:3]}"
    assert made.goal == "Fill in the form."


def test_each_secret_field_is_one_step_with_a_placeholder(recorded: tuple[Path, Trajectory, dict[str, str]]) -> None:
    _, made, _ = recorded
    typed = {step.targets[0].name: step.action.text for step in made.steps if isinstance(step.action, Type)}
    for field, kind in {"PIN": "pin", "CVC": "cvc", "Code": "code", "Card": "card", "IBAN": "iban"}.items():
        assert typed[field] == f"{{{{{kind}:1}}}}", field
    assert typed["Nickname"] == "kettle"
    assert typed["Password"].startswith("{{password:"), "shown as text it is a password still"
    assert sum(isinstance(step.action, Click) for step in made.steps) == 1
    for step in made.steps:
        for element in step.observation.elements:
            assert element.value not in ("4321", "737"), step.index


def test_pictures_show_no_secret(recorded: tuple[Path, Trajectory, dict[str, str]]) -> None:
    image = pytest.importorskip("PIL.Image")
    folder, made, _ = recorded
    looked = 0
    with Store.read(folder / "store.sqlite") as store:
        for step in made.steps:
            if step.observation.screenshot is None:
                continue
            shown = image.open(io.BytesIO(store.blob(step.observation.screenshot))).convert("RGB")
            for element in step.observation.elements:
                held = f"{element.text} {element.value}"
                x, y, wide, high = element.box
                if "{{" not in held or not element.in_view or wide < 8 or high < 8 or y + high > 1400:
                    continue
                inside = shown.crop((x + 3, y + 3, min(800, x + wide) - 3, y + high - 3))
                colours = inside.getcolors(64)
                assert colours is not None, f"{element.tag} “{held[:40]}” can be read in step {step.index}"
                assert len(colours) <= 2, f"{element.tag} “{held[:40]}” can be read in step {step.index}"
                looked += 1
    assert looked > 20
