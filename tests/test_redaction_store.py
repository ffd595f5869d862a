"""Twenty kinds of secret, typed into a real page that echoes them: none is in any file that is written."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import zstandard

from conftest import Stage
from samples import page, step, trajectory
from test_cli import apprentice, refused
from webapprentice.browser import Window, act
from webapprentice.core.actions import Type
from webapprentice.core.records import Ending, Source, Step, Task, Trajectory
from webapprentice.redaction import Redactor, findings, masked
from webapprentice.store import Store, export_jsonl, export_parquet

TYPED = {
    "password": "Tr0ub4dor&3",
    "fresh": 'x9"<Grüße>/7',
    "phrase": "correct horse battery",
    "code": "482913",
    "pin": "4321",
    "card": "4111 1111 1111 1111",
    "amex": "378282246310005",
    "cvc": "737",
    "iban": "DE89 3704 0044 0532 0130 00",
    "ssn": "078-05-1120",
}
NOTED = {
    "key": "AKIAIOSFODNN7EXAMPLE",
    "github": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "stripe": "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "slack": "xoxb-2222222222-3333333333-abcdefABCDEF",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "userinfo": "https://jo:s3cr3tw0rd@e.example/x",
    "header": "Authorization: Bearer 8f14e45fceea167a5a36dedd4bea2543",
    "cookie": "Cookie: SID=77d4d96e407aad42",
    "private key": "-----BEGIN PRIVATE KEY-----MIIEow+IBAAKCAQ-----END PRIVATE KEY-----",
}
"""Pasted into a field that nobody would call secret."""
FOUND = {"csrf": "n8Q2xv7LkP0aZ3", "session": "31d4d96e407aad42be1f", "fragment": "q8w7e6r5t4y3u2i1"}
"""What the page itself holds, in hidden fields and in its address."""
CORES = {"userinfo": "s3cr3tw0rd", "header": "8f14e45fceea167a5a36dedd4bea2543", "cookie": "77d4d96e407aad42"}
"""The secret part of what is typed, where not all of it is secret."""


def spellings(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield from (secret, secret.upper(), secret.lower(), quote(secret), quote(secret, safe=""), secret[::-1])
    yield from (raw.hex(), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (base64.b64encode(raw).decode(), base64.b64encode(b"user:" + raw).decode())
    yield from (re.sub("(.{4})", r"\1 ", secret).strip(), secret.replace(" ", ""), secret.replace("-", ""))
    half = (len(secret) + 1) // 2
    yield from (part for part in (secret[:half], secret[half:]) if sum(map(str.isalnum, part)) > 7)


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file as text, and every blob of every store, unpacked."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        yield path.name, path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".sqlite":
            connection = sqlite3.connect(path)
            for (data,) in connection.execute("SELECT data FROM blob"):
                yield f"{path.name}: a blob", zstandard.ZstdDecompressor().decompress(data).decode("utf-8", "replace")
            connection.close()
        elif path.suffix == ".parquet":
            pq = pytest.importorskip("pyarrow.parquet")
            yield f"{path.name}: its rows", json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False)


async def record(window: Window, url: str, store: Store, redactor: Redactor) -> Trajectory:
    """Type everything, and hand on only what has gone through the redactor: actions first, then the page."""
    steps: list[Step] = []
    await window.goto(url)

    async def take(field: str, text: str) -> None:
        seen = await window.observe(html=True)
        element = next(one for one in seen.observation.elements if one.attributes.get("id") == field)
        action = Type(node=element.id, text=text)
        html = redactor.html(seen.html or "")  # it knows more of the fields than the observation does
        kept = redactor.action(action, element)
        observation = redactor.observation(seen.observation.model_copy(update={"html": store.put(html.encode())}))
        outcome = await act(window, action)
        said = redactor.step(
            Step(index=len(steps), observation=observation, said=f"type {text}", action=action, outcome=outcome)
        ).said
        steps.append(Step(index=len(steps), observation=observation, said=said, action=kept, outcome=outcome))

    for field, text in TYPED.items():
        await take(field, text)
    noted = list(NOTED.values())
    for at in range(0, len(noted), 5):
        await take("notes", " \n ".join(noted[at : at + 5]))
    await take("nick", "kettle")
    last = redactor.observation((await window.observe()).observation)
    task = Task(id="local/secrets", benchmark="local", start_urls=(redactor.url(window.url),))
    return Trajectory(
        key="secrets",
        task=task,
        goal="Fill in the form",
        source=Source.RECORDED,
        steps=tuple(steps),
        final=last,
        ending=Ending.STOPPED,
    )


@pytest.fixture(scope="module")
def recorded(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trajectory]:
    folder = tmp_path_factory.mktemp("secrets")
    window = stage.run(stage.browser.open())
    try:
        with Store.create(folder / "store.sqlite") as store:
            made = stage.run(record(window, f"{stage.url}secrets.html", store, Redactor()))
            store.finish("recorded", made)
    finally:
        stage.run(window.close())
    export_jsonl([made], folder / "out.jsonl")
    export_parquet([made], folder / "out.parquet")
    return folder, made


def test_no_secret_is_in_any_file(recorded: tuple[Path, Trajectory]) -> None:
    folder, made = recorded
    result = apprentice("redact", "--report", "--run", str(folder))
    assert result.returncode == 0, result.stderr
    (folder / "report.txt").write_text(result.stdout + result.stderr)
    texts = list(everything(folder))
    assert sum(" blob" in name for name, _ in texts) > 15
    leaks = {
        (kind, name, said)
        for kind, secret in ({**TYPED, **NOTED, **FOUND} | CORES).items()
        if sum(map(str.isalnum, secret)) > 5
        for said in spellings(secret)
        for name, text in texts
        if said in text
    }
    assert not leaks
    for short in ("pin", "cvc"):
        spoken = re.compile(rf"(?<![\w.-]){TYPED[short]}(?![\w.-])")
        assert not [name for name, text in texts if re.search(rf'"{TYPED[short]}"', text)]
        assert not [one for one in strings_of(made.model_dump(mode="json")) if spoken.search(one)]


def strings_of(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for one in told.values():
            yield from strings_of(one)
    elif isinstance(told, list):
        for one in told:
            yield from strings_of(one)


def test_the_recording_is_still_of_use(recorded: tuple[Path, Trajectory]) -> None:
    _, made = recorded
    kinds = {one.kind for one in masked(made)}
    assert {"password", "code", "pin", "card", "cvc", "iban", "ssn", "key", "jwt", "token"} <= kinds
    assert len({step.action.text for step in made.steps if isinstance(step.action, Type)}) == len(made.steps)
    assert isinstance(made.steps[-1].action, Type)
    assert made.steps[-1].action.text == "kettle"
    assert made.steps[0].observation.element(getattr(made.steps[0].action, "node", 0)) is not None
    assert not findings(made)


def test_a_public_export_is_refused_until_it_is_clean(tmp_path: Path) -> None:
    mail = trajectory(steps=(step(0, "type it", Type(node=12, text="jo.doe@mail.de"), seen=page()),))
    with Store.create(tmp_path / "store.sqlite") as store:
        store.finish("mine", mail)
    run = ("--run", str(tmp_path))
    out = tmp_path / "out.jsonl"
    refused(apprentice("export", str(out), "--public", *run), 1, "1 trajectories", "email 1", "--allow KIND")
    assert not out.exists()
    told = json.loads(apprentice("redact", "--report", "--json", *run).stdout)
    assert [(one["kind"], one["step"], one["where"]) for one in told["found"]] == [
        ("email", 0, "the action"),
        ("name", None, "a field"),
    ]
    assert "jo.doe" not in json.dumps(told)
    assert apprentice("export", str(out), "--public", "--allow", "email", "--allow", "name", *run).returncode == 0
    (line,) = out.read_text().splitlines()
    assert json.loads(line)["judgments"][-1]["reason"].endswith("allowed: email, name")


def test_what_was_imported_is_redacted_as_a_copy(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store.sqlite") as store:
        html = store.put(b"<input type=password value=hunter2xyz><p>hunter2xyz</p>")
        seen = page().model_copy(update={"html": html, "screenshot": html, "title": "for hunter2xyz"})
        typed = step(0, "type it", Type(node=12, text="hunter2xyz"), seen=seen)
        store.finish("mine", trajectory(steps=(typed,)))
    assert "1 trajectories are in redacted/mine" in apprentice("redact", "--run", str(tmp_path)).stdout
    assert "nothing to do" in apprentice("redact", "--run", str(tmp_path)).stdout
    with Store.read(tmp_path / "store.sqlite") as store:
        (made,) = store.trajectories("redacted/mine")
        raw = store.blob(made.steps[0].observation.html or "").decode()
    assert raw == '<input type=password value="{{password:1}}"><p>{{password:1}}</p>'
    assert made.steps[0].observation.title == "for {{password:1}}"
    assert made.steps[0].action == Type(node=12, text="{{password:1}}")
    assert made.steps[0].observation.screenshot is None
