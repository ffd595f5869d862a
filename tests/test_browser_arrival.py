"""What an action leads to is what is seen next, however long the server takes; what leads nowhere is not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from conftest import Stage
from webapprentice.browser import Window, act
from webapprentice.browser.deadline import fault
from webapprentice.core.actions import Click, Press, Select, Type
from webapprentice.core.faults import FaultError

FIRST = """<title>first</title>
<a id="link" href="/next">on</a> <a id="nothing" href="/nothing">nothing</a> <a id="file" href="/file">file</a>
<a id="hash" href="#here">here</a> <a id="restless" href="/restless">restless</a>
<a id="busy" href="/busy">busy</a> <a id="mute" href="/silence">silence</a>
<form action="/silence"><select id="silence" onchange="this.form.requestSubmit()"><option>a<option>b</select></form>
<form action="/next"><input id="field" name="q"><select id="choice" onchange="this.form.requestSubmit()">
<option>a<option>b</select><button id="send">send</button></form>
<form action="/moved" method="post"><button id="post">post</button></form>
<button id="script" onclick="location.href='/next'">script</button>
<button id="later" onclick="setTimeout(() => { location.href = '/next' }, 30)">later</button>"""
HTML = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
ANSWERS = {
    "/": f"{HTML}\r\n{FIRST}",
    "/next": f"{HTML}\r\n<title>next</title><p>there",
    "/busy": f"{HTML}\r\n{FIRST.replace('>first<', '>busy<')}<img src=/silence>",
    "/restless": f"{HTML}\r\n<title>restless</title><script>setTimeout(() => location.reload(), 40)</script>",
    "/moved": "HTTP/1.1 303 See Other\r\nLocation: /next\r\n\r\n",
    "/nothing": "HTTP/1.1 204 No Content\r\n\r\n",
    "/file": "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\nx",
}


class Slow:
    """A server that answers, all but its first page, when it is told to."""

    def __init__(self) -> None:
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            place = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().partition("?")[0]
            if place != "/":
                self.asked.set()
                await self.go.wait()
            if place in ANSWERS:
                writer.write(ANSWERS[place].replace("\r\n", "\r\nConnection: close\r\n", 1).encode())
                await writer.drain()
            elif place == "/silence":
                await reader.read()
        writer.close()


@asynccontextmanager
async def _first_page(stage: Stage, **changes: float) -> AsyncIterator[tuple[Slow, Window, dict[str, int]]]:
    """The server, a window at its first page, and the nodes there by role and name."""
    slow = Slow()
    async with await asyncio.start_server(slow.answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        config = stage.browser.config.with_(origins=(f"127.0.0.1:{port}",), **changes)
        window = Window(stage.browser, config)
        await window.renew()
        try:
            await window.goto(f"http://127.0.0.1:{port}/")
            seen = (await window.observe()).observation
            yield slow, window, {one.attributes["id"]: one.id for one in seen.elements if "id" in one.attributes}
        finally:
            slow.go.set()
            await window.close()


async def _do(window: Window, nodes: dict[str, int], name: str) -> None:
    if name in {"choice", "silence"}:
        await act(window, Select(node=nodes[name], options=("b",)))
    elif name == "field":
        await act(window, Type(node=nodes["field"], text="x", submit=True))
    elif name == "key":
        await act(window, Click(node=nodes["field"]))
        await act(window, Press(keys="Enter"))
    else:
        await act(window, Click(node=nodes[name]))


@pytest.mark.browser
@pytest.mark.parametrize("name", ["link", "send", "choice", "field", "key", "post", "script", "later"])
def test_what_is_seen_is_where_the_action_leads(stage: Stage, name: str) -> None:
    async def scene() -> None:
        async with _first_page(stage, call_seconds=2.0, settle_seconds=0.2) as (slow, window, nodes):
            doing = asyncio.create_task(_do(window, nodes, name))
            looking = asyncio.create_task(_after(doing, window))
            async with asyncio.timeout(20):
                await slow.asked.wait()
                await doing
            await asyncio.sleep(3.5)  # longer than any call into the browser may take
            assert not looking.done()
            slow.go.set()
            async with asyncio.timeout(20):
                assert await looking == "next"

    stage.run(scene())


async def _after(doing: asyncio.Task[None], window: Window) -> str:
    await doing
    return (await window.observe()).observation.title


@pytest.mark.browser
@pytest.mark.parametrize("name", ["nothing", "file", "hash"])
def test_what_leads_nowhere_is_not_waited_for(stage: Stage, name: str) -> None:
    async def scene() -> None:
        async with _first_page(stage) as (slow, window, nodes):
            slow.go.set()
            await _do(window, nodes, name)
            async with asyncio.timeout(15):  # half of what it waits for a page
                assert (await window.observe()).observation.title == "first"

    stage.run(scene())


@pytest.mark.browser
@pytest.mark.parametrize(("name", "title"), [("file", "busy"), ("hash", "busy"), ("link", "next")])
def test_on_a_page_that_never_ends_to_load_it_is_the_same(stage: Stage, name: str, title: str) -> None:
    async def scene() -> None:
        async with _first_page(stage) as (slow, window, nodes):
            slow.go.set()
            await _do(window, nodes, "busy")
            seen = (await window.observe()).observation
            assert seen.title == "busy"
            await _do(window, {one.attributes["id"]: one.id for one in seen.elements if "id" in one.attributes}, name)
            async with asyncio.timeout(15):
                assert (await window.observe()).observation.title == title

    stage.run(scene())


@pytest.mark.browser
@pytest.mark.parametrize("name", ["silence", "mute"])
def test_where_the_server_never_answers_the_page_is_kept(stage: Stage, name: str) -> None:
    async def scene() -> None:
        async with _first_page(stage, navigate_seconds=2.0) as (slow, window, nodes):
            slow.go.set()
            await _do(window, nodes, name)
            for _ in range(2):
                async with asyncio.timeout(10):
                    assert (await window.observe()).observation.title == "first"
                assert not window._sheet().leaving

    stage.run(scene())


@pytest.mark.browser
def test_a_page_that_keeps_leaving_for_itself_is_read_all_the_same(stage: Stage) -> None:
    async def scene() -> None:
        async with _first_page(stage) as (slow, window, nodes):
            slow.go.set()
            await _do(window, nodes, "restless")
            for _ in range(3):
                async with asyncio.timeout(10):
                    seen = (await window.observe()).observation
                assert seen.torn or seen.title == "restless"

    stage.run(scene())


@pytest.mark.browser
@pytest.mark.parametrize("before", ["", "0"])
def test_a_question_that_is_lost_on_a_page_on_its_way_out_is_asked_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    # The browser keeps a question that comes as the page begins to leave; when it does is not ours to arrange.
    async def scene() -> None:
        async with _first_page(stage) as (slow, window, nodes):
            look, asked, clicks = window._look, list[str](), list[asyncio.Task[Any]]()

            async def lost(*given: Any) -> Any:
                asked.append("look")
                if len(asked) > 1:
                    return await look(*given)
                clicks.append(asyncio.create_task(act(window, Click(node=nodes["link"]))))
                await clicks[0]
                if before:
                    raise window._broken(fault("page_hang", "no answer"))
                return await asyncio.Event().wait()

            monkeypatch.setattr(window, "_look", lost)
            if before:  # it may have been done in the old document, or in the new one
                with pytest.raises(FaultError, match="page_hang"):
                    await window.observe(before=before)
                assert asked == ["look"]
                assert not window.healthy
            else:
                looking = asyncio.create_task(window.observe())
                await slow.asked.wait()
                await asyncio.wait(clicks)
                assert not (await asyncio.wait({looking}, timeout=0.3))[0]
                assert asked == ["look"]
                slow.go.set()
                async with asyncio.timeout(20):
                    assert (await looking).observation.title == "next"
                assert asked == ["look", "look"]
                assert window.healthy

    stage.run(scene())
