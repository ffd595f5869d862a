"""Pages that keep the main thread, or something close to it, busy for ever."""

from __future__ import annotations

from zoo import Page, Zoo

LOOP = "while (true) {}"


def _pressed(what: str, script: str, more: str = "") -> Page:
    """A page that begins when its button is pressed."""
    return Page(what, f"{more}<button id=go>go</button><script>go.onclick = () => {{ {script} }}</script>")


PAGES: Zoo = {
    "busy-click": _pressed("a click handler that never returns", LOOP),
    "busy-load": Page("a script that never ends while the page is parsed", f"<p>above</p><script>{LOOP}</script>"),
    "busy-onload": Page(
        "a load handler that never returns", f"<p>above</p><script>onload = () => {{ {LOOP} }}</script>"
    ),
    "busy-timer": _pressed("a timer that never returns", f"setTimeout(() => {{ {LOOP} }}, 20)"),
    "busy-worker": _pressed(
        "four workers that never rest",
        "for (let n = 0; n < 4; n += 1) new Worker(URL.createObjectURL(new Blob(['while (true) {}'])))",
    ),
    "busy-frame": _pressed(
        "a frame of the same origin that never rests",
        "const inner = document.createElement('iframe'); inner.srcdoc = '<script>while (1) {}<\\/script>';"
        " document.body.append(inner)",
    ),
    "busy-beforeunload": Page(
        "a handler that never returns when the page is left",
        f"<button id=go>go</button><script>addEventListener('beforeunload', () => {{ {LOOP} }});"
        "go.onclick = () => { location.href = 'still.html' }</script>",
    ),
    "busy-xhr": _pressed(
        "requests for which the page stands still, for ever",
        "while (true) { const ask = new XMLHttpRequest(); ask.open('GET', 'still.html?' + Math.random(), false);"
        " ask.send() }",
    ),
    "busy-expression": _pressed(
        "a regular expression that backtracks for ever", "/^(a+)+$/.test('a'.repeat(60) + '!')"
    ),
    "busy-layout": _pressed(
        "layout asked for and invalidated in turns, for ever",
        "for (let n = 0; ; n += 1) { many.style.width = 300 + n % 9 + 'px'; many.offsetHeight }",
        f"<div id=many>{'<p>some words</p>' * 300}</div>",
    ),
    "busy-microtasks": _pressed(
        "a promise that begets another one, for ever",
        "const again = () => Promise.resolve().then(again); again()",
    ),
    "busy-mutations": _pressed(
        "an observer of changes that changes what it observes",
        "new MutationObserver(() => { go.title += 'x'; go.title = go.title.slice(-9) })"
        ".observe(go, { attributes: true }); go.title = 'y'",
    ),
    "busy-messages": _pressed(
        "messages that the page sends itself, 5 ms of work each",
        "onmessage = () => { const end = performance.now() + 5; while (performance.now() < end) {}"
        " postMessage(0, '*') };"
        " for (let n = 0; n < 200; n += 1) postMessage(0, '*')",
    ),
    "busy-frames": _pressed(
        "half a second of work before each picture",
        "const draw = () => { const end = performance.now() + 500; while (performance.now() < end) {}"
        " requestAnimationFrame(draw) }; draw()",
    ),
    "busy-dead-frame": _pressed(
        "a frame that is taken away and put back in its own load handler",
        "const inner = document.createElement('iframe'); inner.src = 'still.html';"
        " inner.onload = () => { inner.remove(); document.body.append(inner) }; document.body.append(inner)",
    ),
}
