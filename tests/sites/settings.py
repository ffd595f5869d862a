"""Settings made of web components: shadow roots in shadow roots, a menu that opens under the pointer, keys."""

from __future__ import annotations

from sites import NAMES, Answer, Ask, Draw, Site, Workflow, click, fill
from webapprentice.recorder import Gesture

TOPICS = ("Privacy", "Sound", "Display", "Keyboard", "Network")
SCRIPT = """
const state = { switches: {}, nick: null, theme: null, ran: null };
const report = () => { window.outcome = { ...state }; };
customElements.define('my-switch', class extends HTMLElement {
  connectedCallback() {
    const name = this.getAttribute('label');
    const root = this.attachShadow({ mode: 'open' });
    root.innerHTML = `<button role="switch" aria-checked="false" aria-label="${name}">\\u25cf</button>`;
    const button = root.querySelector('button');
    button.onclick = () => {
      const on = button.getAttribute('aria-checked') !== 'true';
      button.setAttribute('aria-checked', String(on));
      state.switches[name] = on;
      report();
    };
  }
});
customElements.define('my-panel', class extends HTMLElement {
  connectedCallback() {
    this.attachShadow({ mode: this.hasAttribute('closed') ? 'closed' : 'open' }).innerHTML = PANEL;
    report();
  }
});
customElements.define('my-name', class extends HTMLElement {
  connectedCallback() {
    const root = this.attachShadow({ mode: 'open' });
    root.innerHTML = '<label>Nickname <input></label>';
    root.querySelector('input').onchange = (event) => { state.nick = event.target.value; report(); };
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'k' && event.ctrlKey) {
    event.preventDefault();
    document.querySelector('[data-palette]').hidden = false;
    document.querySelector('[data-palette] input').focus();
  } else if (event.key === 'Escape') document.querySelector('[data-palette]').hidden = true;
});
document.querySelector('[data-palette] form').onsubmit = (event) => {
  state.ran = event.target.querySelector('input').value;
  document.querySelector('[data-palette]').hidden = true;
  report();
  return false;
};
document.querySelector('[data-menu]').onclick = (event) => { if (event.target.dataset.theme) { state.theme = event.target.dataset.theme; report(); } };
"""
STYLE = (
    "<style>[data-menu] ul{display:none;margin:0}[data-menu] li:hover>ul{display:block}"
    "[data-menu] li{cursor:pointer}body{padding-bottom:200px}</style>"
)


def answer(ask: Ask) -> Answer:
    look = ask.look
    topics = TOPICS if look.variant % 2 == 0 else TOPICS[::-1]
    panel = look.wrap(
        "".join(f'<p class="{look.cls("row")}">{one} <my-switch label="{one}"></my-switch></p>' for one in topics)
    )
    themes = "".join(
        f'<li data-theme="{one}" class="{look.cls("theme")}">{one}</li>' for one in ("Light", "Dark", "Sepia")
    )
    menu = f'<nav data-menu><ul style="display:block"><li>Appearance<ul><li>Themes<ul>{themes}</ul></li></ul></li></ul></nav>'
    palette = (
        '<div data-palette hidden role="dialog" aria-label="Commands"><form><input aria-label="Command"></form></div>'
    )
    parts = look.order(menu, "<my-panel></my-panel>", "<my-name></my-name>")
    script = SCRIPT.replace("PANEL", repr(panel))
    return Answer(
        f"{STYLE}<h1>Settings of {ask.draw.one('who', NAMES)}</h1>{parts}{palette}<script>{script}</script>", "Settings"
    )


def workflows(draw: Draw) -> list[Workflow]:
    first, second = draw.some("topics", TOPICS, 2)
    nick = f"{draw.one('nick', NAMES).lower()}{draw.number('number', 2, 99)}"
    theme = draw.one("theme", ("Light", "Dark", "Sepia"))
    command = f"reset {draw.one('reset', TOPICS).lower()}"
    empty = {"switches": {}, "nick": None, "theme": None, "ran": None}
    return [
        Workflow(
            "switch",
            f"Switch {first} and {second} on and set the nickname to {nick}.",
            "",
            (
                click("switch", first),
                click("switch", second),
                fill("textbox", "Nickname", nick),
                click("switch", second),
            ),
            {**empty, "switches": {first: True, second: False}, "nick": nick},
        ),
        Workflow(
            "theme",
            f"Choose the theme {theme}.",
            "",
            (
                Gesture(do="hover", role="li", name="Appearance"),
                Gesture(do="hover", role="li", name="Themes"),
                click("li", theme),
            ),
            {**empty, "theme": theme},
        ),
        Workflow(
            "command",
            f"Open the commands with Control+K and run “{command}”.",
            "",
            (Gesture(do="press", text="Control+k"), fill("textbox", "Command", command, submit=True)),
            {**empty, "ran": command},
        ),
    ]


SITE = Site("settings", answer, workflows)
