"""Pages that go elsewhere by themselves, and pages that open and close others."""

from __future__ import annotations

from zoo import Page, Zoo


def _button(what: str, script: str) -> Page:
    return Page(what, f"<button id=go>go</button><script>go.onclick = () => {{ {script} }}</script>")


PAGES: Zoo = {
    "still": Page("a page where nothing happens", "<p>nothing happens</p><button>press</button>"),
    "restless": Page(
        "goes on to itself every 50 to 500 ms",
        "<p>passing</p><button>press</button><script>const turn = +location.search.slice(1) || 0;"
        "setTimeout(() => location.replace('restless.html?' + (turn + 1)), 50 + (turn * 97) % 451)</script>",
    ),
    "hectic": Page(
        "goes on to itself every 50 ms",
        "<p>passing</p><script>setTimeout(() => { location.href = 'hectic.html?' + Math.random() }, 50)</script>",
    ),
    "ahead": Page("a script leads on before the page has loaded", "<script>location.href = 'still.html'</script>"),
    "refresh": Page("a meta element leads on at once", "<meta http-equiv=refresh content='0;url=still.html'>"),
    "refresh-soon": Page(
        "a meta element leads on after a second", "<meta http-equiv=refresh content='1;url=still.html'><p>wait</p>"
    ),
    "chain": Page(
        "ten replacements before it comes to rest",
        "<script>const left = 10 - (+location.search.slice(1) || 0);"
        "location.replace(left > 1 ? 'chain.html?' + (11 - left) : 'still.html')</script>",
    ),
    "pushes": _button(
        "a click that changes the address and the words, and nothing is loaded",
        "history.pushState(0, '', 'pushed.html'); go.textContent = 'pushed'",
    ),
    "fragments": Page("a click that leads to a place in the page", "<a href=#end>go</a><p id=end>the end</p>"),
    "refused": Page(
        "with a picture and a style sheet from where nobody may go",
        "<link rel=stylesheet href=https://refused.example/a.css><img src=https://refused.example/a.png alt=none>"
        "<p>here</p><a href=still.html>go</a>",
    ),
    "storm": _button(
        "a click that opens a thousand windows", "for (let n = 0; n < 1000; n += 1) open('still.html?' + n)"
    ),
    "storm-slow": _button("a click that opens a window every 5 ms", "setInterval(() => open('still.html'), 5)"),
    "blank": Page("a link into a new tab", "<a href=still.html target=_blank>go</a>"),
    "openers": _button("windows that open one another, six deep", "open('openers-next.html?1')"),
    "openers-next": Page(
        "opens the next one as it loads",
        "<p>one more</p><script>const n = +location.search.slice(1);"
        " if (n < 6) open('openers-next.html?' + (n + 1))</script>",
    ),
    "fleeting": _button("opens a window that closes itself", "open('fleeting-inner.html')"),
    "fleeting-inner": Page("closes itself as it loads", "<p>gone</p><script>close()</script>"),
    "leaving": _button("opens a window with a button that closes it", "open('leaving-inner.html')"),
    "leaving-inner": _button("its button closes it", "close()"),
    "late": _button("opens a window a while after the click", "setTimeout(() => open('still.html'), 60)"),
    "named": _button(
        "opens the same named window again and again", "for (let n = 0; n < 9; n += 1) open('still.html?' + n, 'one')"
    ),
    "written": _button(
        "opens an empty window and writes into it",
        "const view = open(''); view.document.write('<title>written</title><p>by its opener</p>');"
        " view.document.close()",
    ),
    "emptied": _button(
        "a click that writes the page anew", "document.open(); document.write('<p>anew</p>'); document.close()"
    ),
}
