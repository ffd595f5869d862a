"""A person at work: the bar, orders, interruptions; and the two commands."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import PAGES, Stage
from test_cli import apprentice, at_once, refused
from webapprentice.browser import Window, act
from webapprentice.core.actions import Back, Click, Forward, Goto, NewTab, Stop, Type
from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.core.records import Ending, Observation, Task
from webapprentice.recorder import Gesture, Pages, RecordConfig, Recorder, locating, record_scripted, replay, script
from webapprentice.recorder.events import Event
from webapprentice.recorder.fields import withheld
from webapprentice.recorder.filling import filled
from webapprentice.recorder.keeping import Keeper
from webapprentice.recorder.live import close, ready
from webapprentice.recorder.person import SOON
from webapprentice.recorder.spool import SUFFIX, Header, Spool, mend, read, spools, unfinished
from webapprentice.store import Store
from webapprentice.tasks.server import PageServer

PAGE = "<title>Form</title><label>Name <input></label><button onclick=\"this.textContent = 'Saved'\">Save</button>"


def header(url: str = "http://x.test/") -> Header:
    return Header(key="k1", collection="recorded", task=Task(id="t/1", benchmark="t", start_urls=(url,)))


@pytest.fixture
def config(stage: Stage) -> RecordConfig:
    return RecordConfig(browser=stage.browser.config)


async def bar(window: Window, order: str) -> None:
    """Press a button of the bar, as a person would."""
    place = await window.evaluate(
        "(() => { const host = document.querySelector('apprentice-bar'); const root = __apprentice.shadow(host);"
        f" const box = root.querySelector('[data-order={order}]').getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2] })()"
    )
    await press(window, *place)


async def press(window: Window, x: float, y: float) -> None:
    held = {"x": x, "y": y, "button": "left", "clickCount": 1}
    calls = [("Input.dispatchMouseEvent", {"type": kind, **held}) for kind in ("mousePressed", "mouseReleased")]
    await window.send(calls, 5.0, "pressing")


def node(seen: Observation, role: str) -> int:
    return next(one.id for one in seen.elements if one.role == role)


@pytest.mark.browser
def test_the_bar_pauses_undoes_takes_the_objective_and_ends(stage: Stage, config: RecordConfig, tmp_path: Path) -> None:
    page = "data:text/html," + PAGE

    async def scene() -> Any:
        recorder = await Recorder.open(stage.browser, config)
        window = recorder.window
        counts: list[int] = []
        recorder.told = counts.append
        try:
            await window.goto(page)
            with (
                Store.create(tmp_path / "store.sqlite") as store,
                Keeper.open(store, tmp_path / f"k{SUFFIX}", header(), config) as keeper,
            ):
                await recorder.begin(keeper)
                seen = await recorder.look()
                assert not [one for one in seen.elements if "Pause" in one.name]
                await act(window, Click(node=node(seen, "button")))
                await recorder.look()
                await act(window, Click(node=node(seen, "button")))
                await recorder.quiet()
                assert len(keeper.fold.drafts) == 2
                await bar(window, "undo")
                await bar(window, "pause")
                await recorder.quiet()
                await act(window, Type(node=node(seen, "textbox"), text="not this"))
                await recorder.quiet()
                await bar(window, "resume")
                await bar(window, "goal")
                text = [("Input.insertText", {"text": "Save the form."})]
                await window.send(text, 5.0, "typing")
                await recorder.look()
                await act(window, Type(node=node(seen, "textbox"), text="Ada"))
                await recorder.quiet()
                assert not recorder.ended.is_set()
                await bar(window, "end")
                await recorder.quiet()
                assert recorder.ended.is_set()
                shown = await window.evaluate("document.querySelector('apprentice-bar').shadowRoot")
                assert shown is None
                return await recorder.end(keeper), counts, store.blob
        finally:
            await recorder.close()

    made, counts, _ = stage.run(scene())
    assert [step.said for step in made.steps] == [
        "click the button “Save”",
        "type “Ada” into the textbox “Name”",
        "done",
    ]
    assert made.goal == "Save the form."
    assert made.ending is Ending.STOPPED
    assert made.final is not None
    assert max(counts) == 2
    assert made.steps[0].observation.screenshot is not None


@pytest.mark.browser
def test_pictures_are_of_the_page_before_without_the_bar_and_with_the_target_marked(
    stage: Stage, config: RecordConfig, tmp_path: Path
) -> None:
    image = pytest.importorskip("PIL.Image")
    import io

    page = (
        "data:text/html,<body style='background:white'>"
        "<button style='position:absolute;left:100px;top:100px;width:80px;height:40px'"
        " onclick=\"document.body.style.background='blue'\">Go</button>"
    )

    async def scene() -> Any:
        recorder = await Recorder.open(stage.browser, config)
        try:
            await recorder.window.goto(page)
            with (
                Store.create(tmp_path / "store.sqlite") as store,
                Keeper.open(store, tmp_path / f"k{SUFFIX}", header(), config) as keeper,
            ):
                await recorder.begin(keeper)
                seen = await recorder.look()
                await act(recorder.window, Click(node=node(seen, "button")))
                made = await recorder.end(keeper)
                return store.blob(made.steps[0].observation.screenshot or "")
        finally:
            await recorder.close()

    shown = image.open(io.BytesIO(stage.run(scene()))).convert("RGB")
    assert shown.getpixel((400, 300)) == (255, 255, 255), "the page before the press"
    assert shown.getpixel((98, 120)) == (0xC0, 0x1F, 0x2E), "a frame around the button"
    width, height = shown.size
    assert shown.getpixel((width - 20, height - 20)) == (255, 255, 255), "no bar"


@pytest.mark.browser
def test_a_page_is_looked_at_by_itself_whenever_it_has_come_to_rest(
    stage: Stage, config: RecordConfig, tmp_path: Path
) -> None:
    """With a person in front of it nobody asks for a look."""
    live = config.with_(browser=config.browser.with_(headless=False))
    page = "data:text/html,<button onclick=\"setTimeout(() => { this.textContent = 'Second' }, 150)\">First</button>"

    async def rested(recorder: Recorder) -> None:
        async with asyncio.timeout(20.0):
            while not await recorder.viewer.fresh():
                await recorder.window.evaluate(SOON)

    async def scene() -> Any:
        recorder = await Recorder.open(stage.browser, live)
        try:
            await recorder.window.goto(page)
            with (
                Store.create(tmp_path / "store.sqlite") as store,
                Keeper.open(store, tmp_path / f"k{SUFFIX}", header(), live) as keeper,
            ):
                await recorder.begin(keeper)
                seen = await recorder.look()
                for name in ("First", "Second"):
                    await rested(recorder)
                    seen = (await recorder.window.observe()).observation
                    assert [one.name for one in seen.elements if one.role == "button"] == [name]
                    await rested(recorder)
                    await act(recorder.window, Click(node=node(seen, "button")))
                return await recorder.end(keeper)
        finally:
            await recorder.close()

    made = stage.run(scene())
    assert [step.said for step in made.steps[:2]] == ["click the button “First”", "click the button “Second”"]
    shots = [step.observation.screenshot for step in made.steps[:2]]
    assert None not in shots
    assert len(set(shots)) == 2


@pytest.mark.browser
def test_going_places_and_writing_in_other_letters(stage: Stage, config: RecordConfig, tmp_path: Path) -> None:
    first, second = f"{stage.url}forms.html", f"{stage.url}tabs.html"
    done = [
        Gesture(do="goto", text=second),
        Gesture(do="back"),
        Gesture(do="forward"),
        Gesture(do="new_tab"),
        Gesture(do="goto", text=first),
        Gesture(do="switch_tab", index=0),
        Gesture(do="press", text="F2"),
        Gesture(do="switch_tab", index=1),
        Gesture(do="type", role="textbox", name="Name", text="Zoë 東京"),
        Gesture(do="close_tab"),
    ]
    task = Task(id="t/places", benchmark="t", goal="Go places.", start_urls=(first,))

    async def scene() -> Any:
        recorder = await Recorder.open(stage.browser, config.with_(pictures=False))
        player = await stage.browser.open(locating.script())
        try:
            with Store.create(tmp_path / "store.sqlite") as store:
                pages = Pages(recorder.window)
                made = await record_scripted(recorder, pages, task, 0, script(done), store, tmp_path)
            return made, await replay(player, made)
        finally:
            await recorder.close()
            await player.close()

    made, told = stage.run(scene())
    assert [step.action for step in made.steps[:5]] == [
        Goto(url=second),
        Back(),
        Forward(),
        NewTab(),
        Goto(url=first),
    ]
    kinds = [step.action.kind for step in made.steps[5:]]
    assert kinds == ["switch_tab", "press", "switch_tab", "type", "close_tab", "stop"]
    assert made.steps[8].action.text == "Zoë 東京"
    assert [tab.active for tab in made.steps[8].observation.tabs] == [False, True]
    assert told.complete, told.played[-1]


@pytest.mark.browser
def test_a_file_field_that_is_not_shown_is_recorded_and_played(
    stage: Stage, config: RecordConfig, tmp_path: Path
) -> None:
    page = (
        "<label>Choose a picture<input type=file name=picture style='display:none'"
        " onchange='document.title = this.files[0].name'></label>"
    )
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "file.html").write_text(page)
    note = Path(stage.browser.config.uploads or "") / "recorder-note.txt"
    note.write_text("a note")

    async def scene(url: str) -> Any:
        recorder = await Recorder.open(stage.browser, config.with_(pictures=False))
        player = await stage.browser.open(locating.script())
        recorder.window.allow((url,))
        player.allow((url,))
        try:
            await recorder.window.goto(f"{url}/file.html")
            with (
                Store.create(tmp_path / "store.sqlite") as store,
                Keeper.open(store, tmp_path / f"k{SUFFIX}", header(f"{url}/file.html"), config) as keeper,
            ):
                await recorder.begin(keeper)
                field = {"expression": "document.querySelector('input')"}
                held = await recorder.window.ask("Runtime.evaluate", field, "finding the field")
                given = {"files": [str(note)], "objectId": held["result"]["objectId"]}
                await recorder.window.ask("DOM.setFileInputFiles", given, "handing over a file")
                made = await recorder.end(keeper)
            told = await replay(player, made, files={note.name: str(note)})
            return made, told, await player.evaluate("document.title")
        finally:
            await recorder.close()
            await player.close()

    with PageServer(tmp_path / "pages") as server:
        made, told, title = stage.run(scene(server.url.rstrip("/")))
    note.unlink()
    assert [step.action.kind for step in made.steps] == ["upload", "stop"]
    assert made.steps[0].action.files == (note.name,)
    assert made.steps[0].observation.element(made.steps[0].action.node) is not None
    assert told.complete, told.played[-1]
    assert title == note.name


@pytest.mark.browser
def test_what_scripts_do_is_not_recorded(stage: Stage, config: RecordConfig, tmp_path: Path) -> None:
    page = "data:text/html,<button>Go</button><input><select><option>a<option>b</select>"
    script = """(() => {
      const [button, input, select] = ['button', 'input', 'select'].map((tag) => document.querySelector(tag));
      const press = (type) => button.dispatchEvent(new MouseEvent(type, { bubbles: true }));
      ['pointerdown', 'mousedown', 'mouseup', 'click'].forEach(press);
      button.click();
      input.value = 'x';
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
      select.selectedIndex = 1;
      select.dispatchEvent(new Event('change', { bubbles: true }));
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
      history.pushState(null, '', location.href + '#x');
      const names = Object.keys(__apprentice.recorder);
      return [typeof window.__apprentice_ring, names.includes('order')];
    })()"""

    async def scene() -> Any:
        recorder = await Recorder.open(stage.browser, config)
        try:
            await recorder.window.goto(page)
            with (
                Store.create(tmp_path / "store.sqlite") as store,
                Keeper.open(store, tmp_path / f"k{SUFFIX}", header(), config) as keeper,
            ):
                await recorder.begin(keeper)
                found = await recorder.window.evaluate(script)
                await recorder.look()
                return found, list(keeper.fold.drafts)
        finally:
            await recorder.close()

    assert stage.run(scene()) == (["undefined", False], [])


def events(text: str = "Ada") -> list[Event]:
    typed = [Event(kind="input", node=3, at=3.0, text=text[: n + 1]) for n in range(len(text))]
    return [
        Event(kind="opened"),
        Event(kind="press", node=2, at=1.0),
        Event(kind="release", node=2, at=1.1),
        Event(kind="edit", node=3, at=2.0),
        *typed,
    ]


def test_an_interrupted_recording_is_closed_with_all_that_was_heard(tmp_path: Path) -> None:
    config = RecordConfig(pictures=False)
    path = tmp_path / f"k1{SUFFIX}"
    with (
        Store.create(tmp_path / "store.sqlite") as store,
        Keeper.open(store, path, header(), config) as keeper,
    ):
        for event in events():
            keeper.take(event)
        assert [step.action for step in store.steps("k1")] == [Click(node=2)]
    with path.open("ab") as file:
        file.write(b'{"kind":"input","no')  # the kill came while a line was written
    assert unfinished(tmp_path) == path
    with Store.create(tmp_path / "store.sqlite") as store:
        made = close(path, config, store)
        assert next(store.trajectories("recorded")) == made
    assert [step.action for step in made.steps] == [Click(node=2), Type(node=3, text="Ada")]
    assert made.ending is Ending.CANCELLED
    assert [step.outcome.message.partition(" ")[0] for step in made.steps] == ["", "interrupted"]
    assert not list(spools(tmp_path))


def test_a_spool_is_mended_and_a_damaged_one_refused(tmp_path: Path) -> None:
    path = tmp_path / f"k1{SUFFIX}"
    with Spool(path, header()) as spool:
        spool.put(Event(kind="pause"))
    with path.open("ab") as file:
        file.write(b'{"half')
    mend(path)
    with Spool(path, header()) as spool:
        spool.put(Event(kind="resume"))
    assert [event.kind for event in read(path)[1]] == ["pause", "resume"]
    path.write_bytes(b"no recording\n")
    with pytest.raises(UsageError, match="no recording of ours"):
        read(path)
    with pytest.raises(UsageError, match="was interrupted"):
        unfinished(tmp_path / "none")


def test_numbers_of_secrets_go_on_where_they_were(tmp_path: Path) -> None:
    config = RecordConfig(pictures=False)
    path = tmp_path / f"k1{SUFFIX}"
    with Store.create(tmp_path / "store.sqlite") as store:
        with Keeper.open(store, path, header("http://x.test/?token=8f14e45fceea167a5a36dedd"), config) as keeper:
            keeper.take(Event(kind="edit", node=1))
            keeper.take(Event(kind="input", node=1, text="{{password:2}}", final=True))
        assert "8f14e45" not in path.read_text()
        first, earlier = read(path)
        assert "{{token:1}}" in first.task.start_urls[0]
        with Keeper.open(store, path, first, config) as keeper:
            keeper.again(earlier)
            assert keeper.redactor is not None
            assert keeper.redactor.learn("password", "another1") == "{{password:3}}"


def test_undo_is_undone_in_the_store_as_well(tmp_path: Path) -> None:
    config = RecordConfig(pictures=False)
    with (
        Store.create(tmp_path / "store.sqlite") as store,
        Keeper.open(store, tmp_path / f"k1{SUFFIX}", header(), config) as keeper,
    ):
        for number in (1, 2, 3):
            keeper.take(Event(kind="press", node=number))
        for _ in range(2):
            keeper.take(Event(kind="undo"))
        keeper.take(Event(kind="press", node=9))
        made = keeper.finish(Ending.STOPPED)
        assert [step.action for step in made.steps] == [Click(node=1), Click(node=9)]
        assert next(store.trajectories("recorded")) == made


def test_a_word_that_is_not_finished_is_withheld() -> None:
    assert withheld("my AKIAIOSFOD") == "my "
    assert withheld("a short one") == "a short one"


def test_a_secret_is_filled_only_where_it_was_typed() -> None:
    known = {"APPRENTICE_SECRET_PASSWORD_1": "hunter2"}
    assert filled("{{password:1}}!", "http://a.test/x", "http://a.test/y", known) == "hunter2!"
    assert filled("plain", "http://a.test/", "http://b.test/", known) == "plain"
    with pytest.raises(UsageError, match=r"not told to http://b\.test"):
        filled("{{password:1}}", "http://a.test/", "http://b.test/", known)
    with pytest.raises(UsageError, match="APPRENTICE_SECRET_CODE_2"):
        filled("{{code:2}}", "http://a.test/", "http://a.test/", known)


WORK = """
import asyncio, sys
from pathlib import Path
from webapprentice.browser import Browser, BrowserConfig, origins_of
from webapprentice.core.records import Task
from webapprentice.recorder import Gesture, Pages, RecordConfig, Recorder, record_scripted, script
from webapprentice.store import Store

async def work(url, folder):
    task = Task(id="t/1", benchmark="t", goal="Type.", start_urls=(url,))
    browser = BrowserConfig(origins=origins_of(task))
    config = RecordConfig(browser=browser, bar=False, pictures=False)
    person = script([Gesture(do="type", role="textbox", name="Name", text=f"name {n}") for n in range(500)])
    def said(goal, seen, done):
        print(len(done), browser_of.pid, flush=True)
        return person(goal, seen, done[:1] and done)
    async with Browser.launch(browser) as browser_of:
        recorder = await Recorder.open(browser_of, config)
        with Store.create(folder / "store.sqlite") as store:
            await record_scripted(recorder, Pages(recorder.window), task, 0, said, store, folder / "recordings")

asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
"""


@pytest.mark.browser
@pytest.mark.parametrize("whom", ["recorder", "browser"])
def test_a_kill_loses_nothing_that_was_heard(tmp_path: Path, whom: str) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "form.html").write_text(PAGE)
    with PageServer(tmp_path / "pages") as server:
        child = subprocess.Popen(
            [sys.executable, "-c", WORK, f"{server.url}form.html", str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert child.stdout is not None
        heard, pid = 0, 0
        while heard < 4:
            heard, pid = map(int, child.stdout.readline().split())
        os.kill(child.pid if whom == "recorder" else pid, signal.SIGKILL)
        child.communicate(timeout=60)
    if whom == "recorder":
        result = apprentice("record", "--close", "--run", str(tmp_path), "--json")
        assert result.returncode == 0, result.stderr
    else:
        with Store.create(tmp_path / "store.sqlite") as store:
            close(unfinished(tmp_path / "recordings"), RecordConfig(), store)
    with Store.read(tmp_path / "store.sqlite") as store:
        (made,) = store.trajectories("recorded")
    typed = [step.action for step in made.steps]
    # Typing into one field again and again is one step: what it held last is kept.
    assert len(typed) == 1
    assert isinstance(typed[0], Type)
    assert int(typed[0].text.split()[1] or 0) >= heard - 1
    assert made.ending is Ending.CANCELLED


@pytest.mark.browser
def test_an_interrupted_recording_is_gone_on_with_on_its_last_page(tmp_path: Path) -> None:
    with PageServer(PAGES) as server:
        url = f"{server.url}forms.html"
        with (
            Store.create(tmp_path / "store.sqlite") as store,
            Keeper.open(
                store, tmp_path / "recordings" / f"k1{SUFFIX}", header(url), RecordConfig(pictures=False)
            ) as keeper,
        ):
            seen = keeper.look(Observation(url=url, title="Password {{password:3}}"), None)
            for event in events():
                keeper.take(event.with_(seen=seen) if event.kind == "press" else event)
        command = ["record", "--resume", "--headless", "--run", str(tmp_path), "--json"]
        told = subprocess.run(
            [sys.executable, "-m", "webapprentice", *command],
            input="done\n",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert told.returncode == 0, told.stderr
    with Store.read(tmp_path / "store.sqlite") as store:
        (made,) = store.trajectories("recorded")
    assert [step.action for step in made.steps] == [Click(node=2), Type(node=3, text="Ada"), Stop()]
    assert made.final is not None
    assert made.final.url == url
    assert made.ending is Ending.STOPPED
    assert not list((tmp_path / "recordings").iterdir())


@pytest.mark.browser
def test_the_commands_record_and_replay(tmp_path: Path) -> None:
    with PageServer(PAGES) as server:
        url = f"{server.url}forms.html"
        command = [sys.executable, "-m", "webapprentice", "record", url, "--headless", "--run", str(tmp_path), "--json"]
        orders = "goal Look around.\ndone\n"
        told = subprocess.run(command, input=orders, capture_output=True, text=True, timeout=120, check=False)
        assert told.returncode == 0, told.stderr
        made = json.loads(told.stdout)
        assert (made["steps"], made["goal"]) == (1, "Look around.")
        played = apprentice("replay", made["key"][:6], "--run", str(tmp_path), "--json")
        assert played.returncode == 0, played.stderr
        report = json.loads(played.stdout)
        assert (report["complete"], report["done"], report["steps"]) == (True, 1, 1)


@pytest.mark.browser
def test_what_cannot_be_recorded_or_played_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = str(tmp_path)
    urls = ("nowhere", "http://127.0.0.1:9/")
    commands = [("record", url, "--headless", "--run", f"{run}{number}") for number, url in enumerate(urls)]
    address, closed, nothing = at_once(*commands, ("record", "--run", run))
    refused(address, 2, "cannot be opened")
    refused(closed, 2, "http://127.0.0.1:9/ cannot be opened", "ERR_")
    assert not list(Path(f"{run}1").glob("recordings/*"))
    refused(nothing, 2, "say where to begin")
    refused(apprentice("replay", "abc", "--run", f"{run}1"), 2, "begin with 'abc'")
    if sys.platform.startswith("linux"):
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        with pytest.raises(UnavailableError, match="no display"):
            ready(RecordConfig())


@pytest.mark.browser
def test_the_examples_of_the_documentation_run(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "docs" / "recording.md").read_text(encoding="utf-8")
    space: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, space)
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "form.html").write_text("<label>User name <input></label><button>Sign in</button>")
    with PageServer(tmp_path / "pages") as server:
        asyncio.run(space["sign_in"](f"{server.url}form.html", tmp_path / "one"))
    names = "miniwob/click-test,miniwob/click-menu,miniwob/drag-sort-numbers,miniwob/terminal,miniwob/enter-date"
    asyncio.run(space["record_miniwob"](tmp_path / "two", names, range(1)))
    with Store.read(tmp_path / "one" / "store.sqlite") as store:
        (made,) = store.trajectories()
        assert [step.action.kind for step in made.steps if step.action] == ["type", "click", "stop"]
    with Store.read(tmp_path / "two" / "store.sqlite") as store:
        scores = {made.task.id: made.score for made in store.trajectories()}
    assert scores == dict.fromkeys(names.split(","), 1.0)
