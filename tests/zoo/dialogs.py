"""Pages that open dialogs. Each says in its paragraph what they have come to."""

from __future__ import annotations

from zoo import Page, Zoo

SAY = "const say = (what) => { out.textContent += what + ';' };"


def _pressed(what: str, script: str) -> Page:
    return Page(
        what, f"<button id=go>go</button><p id=out></p><script>{SAY} go.onclick = () => {{ {script} }}</script>"
    )


PAGES: Zoo = {
    "dialog-alert": _pressed("an alert", "alert('one'); say('went on')"),
    "dialog-confirm": _pressed("a question", "say(confirm('two'))"),
    "dialog-prompt": _pressed("a question for words", "say(prompt('three', 'given'))"),
    "dialog-beforeunload": _pressed(
        "a question before the page is left",
        "addEventListener('beforeunload', (event) => event.preventDefault()); location.href = 'still.html'",
    ),
    "dialog-load": Page(
        "a question while the page is parsed", f"<p id=out></p><script>{SAY} say(confirm('five'))</script><p>below</p>"
    ),
    "dialog-timer": _pressed("a question from a timer", "setTimeout(() => say(confirm('six')), 30)"),
    "dialog-nested": _pressed(
        "questions about answers", "say(confirm('seven ' + prompt('inner ' + confirm('innermost'))))"
    ),
    "dialog-frame": Page(
        "a question from a frame",
        "<p id=out></p><iframe srcdoc=\"<script>confirm('eight')</script><p>inside</p>\"></iframe>",
    ),
    "dialog-endless": _pressed("an alert behind every alert", "while (true) alert('again')"),
    "dialog-endless-timer": _pressed("an alert every 5 ms", "setInterval(() => alert('and again'), 5)"),
    "dialog-endless-confirm": _pressed("asks until the answer is yes", "while (!confirm('sure?')) say('no')"),
}
