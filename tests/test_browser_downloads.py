"""What pages let download lies in quarantine, under a harmless name, and never grows beyond its bounds."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Stage
from webapprentice.browser import Browser, BrowserConfig, Window
from webapprentice.browser.downloads import harmless
from webapprentice.core.records import Download, Observation

CONTENT = b"%PDF-1.7 not really " * 100
NAMES = {
    "report.pdf": "report.pdf",
    "../../.bashrc": "_.._.bashrc",
    "..\\..\\evil.exe": "_.._evil.exe",
    "/etc/passwd": "_etc_passwd",
    "C:\\Windows\\win.ini": "C_Windows_win.ini",
    f"{'long' * 100}.txt": f"{('long' * 100)[:116]}.txt",
    "\u202egnp.exe": "gnp.exe",
    "a\x00b\x1f\u200b\u2028c.txt": "abc.txt",
    "CON": "_CON",
    "nul.txt": "_nul.txt",
    "COM1.tar.gz": "_COM1.tar.gz",
    "-rf": "_-rf",
    " .. ": "download",
    "": "download",
    "a b;rm -rf $HOME`x`.sh": "a b_rm -rf _HOME_x_.sh",
    "ｆｉｌｅ．ｔｘｔ": "file.txt",
    "日本語" * 60 + ".csv": None,
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_made_harmless(name: str) -> None:
    assert NAMES[name] is None or harmless(name) == NAMES[name]
    assert len(harmless(name).encode()) <= 201


@given(st.text(max_size=400))
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    made = harmless(name)
    assert 0 < len(made) <= 120
    assert len(made.encode()) <= 201
    assert not set(made) & set('/\\<>:"|?*\x00\n\r')
    assert not made.startswith((".", "-", " "))
    assert Path("/quarantine", made).resolve().parent == Path("/quarantine").resolve()
    assert harmless(made) == made


def test_an_observation_of_an_older_version_reads_as_one_without_downloads() -> None:
    assert Observation.model_validate_json('{"url": "http://a.example"}').downloads == ()


@asynccontextmanager
async def _site() -> AsyncIterator[str]:
    """Everything below `/save/NAME` is an attachment; `/endless` and `/huge` never end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1]
            if path.startswith("/save/"):
                saved = f"attachment; filename*=UTF-8''{path.removeprefix('/save/')}"
                head = f"HTTP/1.1 200 OK\r\nContent-Disposition: {saved}\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
                writer.write(head.encode() + CONTENT)
            elif path in ("/endless", "/huge"):
                length = "Content-Length: 5000000000\r\n" if path == "/huge" else ""
                head = f"HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=big.bin\r\n{length}\r\n"
                writer.write(head.encode())
                while True:
                    writer.write(b"a" * 65536)
                    await writer.drain()
                    await asyncio.sleep(0.001)
            else:
                page = b"<!doctype html><title>Files</title><p>here</p>"
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page) + page
                )
            await writer.drain()
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    finally:
        listening.close()


@asynccontextmanager
async def _window(url: str, quarantine: Path, **more: Any) -> AsyncIterator[Window]:
    config = BrowserConfig(origins=(url,), quarantine=str(quarantine), **more)
    async with Browser.launch(config) as browser:
        window = await browser.open()
        await window.goto(url)
        yield window
        await window.close()


async def _until_over(window: Window, count: int = 1, seconds: float = 15.0) -> tuple[Download, ...]:
    async with asyncio.timeout(seconds):
        while True:
            found = (await window.observe()).observation.downloads
            if len(found) >= count and all(one.state != "running" for one in found):
                return found
            await asyncio.sleep(0.05)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.browser
@pytest.mark.parametrize("name", ["report.pdf", "../../.bashrc", "a" * 300 + ".txt", "\u202egnp.exe", "CON"])
def test_a_download_is_kept_and_hashed(stage: Stage, tmp_path: Path, name: str) -> None:
    async def scene() -> None:
        async with _site() as url, _window(url, tmp_path / "kept") as window:
            await window.goto(f"{url}save/{quote(name, safe='')}")
            (found,) = await _until_over(window)
            assert (await window.observe()).observation.title == "Files"
            assert found.state == "finished"
            assert found.bytes == len(CONTENT)
            assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
            assert found.name == harmless(found.name)
            (file,) = _files(tmp_path)
            assert file.name == f"001-{found.name}"
            assert file.parent.parent == tmp_path / "kept"
            assert file.read_bytes() == CONTENT
            assert file.stat().st_mode & 0o777 == 0o600

    stage.run(scene())


@pytest.mark.browser
@pytest.mark.parametrize("way", ["blob", "data", "frame", "popup", "link"])
def test_every_way_to_download_ends_in_quarantine(stage: Stage, tmp_path: Path, way: str) -> None:
    link = "(href) => { const a = document.createElement('a'); a.href = href; a.download = 'x.txt'; a.click(); }"
    blob = "URL.createObjectURL(new Blob(['hello']))"
    scripts = {
        "blob": f"({link})({blob})",
        "data": f"({link})('data:text/plain,hello')",
        "frame": "document.body.append(Object.assign(document.createElement('iframe'), { src: '/save/x.txt' }))",
        "popup": "void open('/save/x.txt')",
        "link": f"({link})('/save/x.txt')",
    }

    async def scene() -> None:
        async with _site() as url, _window(url, tmp_path) as window:
            await window.evaluate(f"void {scripts[way]}")
            found = await _until_over(window)
            assert [(one.name, one.state) for one in found] == [("x.txt", "finished")]
            assert len(_files(tmp_path)) == 1

    stage.run(scene())


@pytest.mark.browser
@pytest.mark.parametrize("path", ["endless", "huge"])
def test_a_download_that_never_ends_is_cancelled_and_leaves_nothing(stage: Stage, tmp_path: Path, path: str) -> None:
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, sum(file.stat().st_size for file in _files(tmp_path) if file.exists()))
            await asyncio.sleep(0.02)

    async def scene() -> None:
        async with _site() as url, _window(url, tmp_path, download_bytes=4_000_000, body_bytes=1_000_000) as window:
            watching = asyncio.ensure_future(watch())
            await window.goto(url + path)
            (found,) = await _until_over(window)
            watching.cancel()
            assert found.state in ("refused", "cancelled")
            assert found.sha256 == ""
            assert most <= 6_100_000
            await asyncio.sleep(0.3)
            assert _files(tmp_path) == []
            await window.goto(url)

    stage.run(scene())


@pytest.mark.browser
def test_too_many_downloads_are_refused(stage: Stage, tmp_path: Path) -> None:
    many = """(async () => { for (let n = 0; n < 12; n += 1) {
        const a = document.createElement('a');
        a.href = URL.createObjectURL(new Blob(['' + n])); a.download = 'n.txt'; a.click();
        await new Promise((done) => setTimeout(done, 60));
    } })()"""

    async def scene() -> None:
        async with _site() as url, _window(url, tmp_path, max_downloads=3) as window:
            await window.evaluate(many)
            found = await _until_over(window, 4)
            assert [one.state for one in found].count("finished") <= 3
            assert {one.state for one in found} == {"finished", "refused"}
            async with asyncio.timeout(10):
                while len(_files(tmp_path)) > 3:  # noqa: ASYNC110 - the browser says when a file is complete
                    await asyncio.sleep(0.05)
            await window.renew()
            await window.goto(url)
            assert (await window.observe()).observation.downloads == ()

    stage.run(scene())


@pytest.mark.browser
def test_a_temporary_quarantine_goes_with_its_window(stage: Stage) -> None:
    async def scene() -> None:
        async with _site() as url, Browser.launch(BrowserConfig(origins=(url,))) as browser:
            one, other = await browser.open(), await browser.open()
            for window in (one, other):
                await window.goto(url)
            await one.goto(url + "save/a.txt")
            await _until_over(one)
            assert (await other.observe()).observation.downloads == ()
            folder = one.downloads.folder
            assert folder is not None
            assert folder != other.downloads.folder
            assert [file.name for file in _files(folder)] == ["001-a.txt"]
            await one.close()
            assert not folder.exists()
            last = other.downloads.folder
        assert last is not None
        assert not last.exists()

    stage.run(scene())
