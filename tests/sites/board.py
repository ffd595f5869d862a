"""A board of cards: dragged from column to column, renamed by a double click, coloured by the right button."""

from __future__ import annotations

import json

from sites import KINDS, NAMES, THINGS, Answer, Ask, Draw, Site, Workflow, click, fill
from webapprentice.recorder import Gesture

COLUMNS = ("To do", "Doing", "Done")
STYLE = (
    "<style>.columns{display:flex;gap:12px}.column{width:180px;min-height:240px;border:1px solid #888;padding:6px}"
    ".card{border:1px solid #36c;margin:6px 0;padding:6px;background:#fff}</style>"
)
SCRIPT = """
let held = null;
const report = () => {
  window.outcome = Object.fromEntries([...document.querySelectorAll('[data-column]')].map((column) => [column.dataset.column,
    [...column.querySelectorAll('[data-card]')].map((card) => card.dataset.mark ? `${card.textContent.trim()} (${card.dataset.mark})` : card.textContent.trim())]));
};
document.addEventListener('dragstart', (event) => { held = event.target; event.dataTransfer.setData('text/plain', held.textContent); });
document.addEventListener('dragover', (event) => { if (event.target.closest('[data-column]')) event.preventDefault(); });
document.addEventListener('drop', (event) => {
  const column = event.target.closest('[data-column]');
  if (column && held) { column.append(held); event.preventDefault(); report(); }
});
document.addEventListener('dblclick', (event) => {
  const card = event.target.closest('[data-card]');
  if (!card) return;
  const input = document.createElement('input');
  input.setAttribute('aria-label', 'Name of the card');
  input.value = card.textContent.trim();
  card.replaceWith(input);
  input.focus();
  input.onkeydown = (key) => { if (key.key === 'Enter') { card.textContent = input.value; input.replaceWith(card); report(); } };
});
document.addEventListener('contextmenu', (event) => {
  const card = event.target.closest('[data-card]');
  if (!card) return;
  event.preventDefault();
  const menu = document.createElement('div');
  menu.setAttribute('role', 'menu');
  menu.style.cssText = `position:fixed;left:${event.clientX}px;top:${event.clientY}px;background:#eee;padding:6px`;
  menu.innerHTML = '<div role="menuitem" tabindex="0">Mark as urgent</div><div role="menuitem" tabindex="0">Mark as waiting</div>';
  menu.onclick = (chosen) => { card.dataset.mark = chosen.target.textContent.replace('Mark as ', ''); menu.remove(); report(); };
  document.body.append(menu);
});
document.querySelector('form').onsubmit = () => {
  const card = document.createElement('div');
  Object.assign(card, { className: 'card', draggable: true, textContent: document.querySelector('form input').value });
  card.dataset.card = '';
  document.querySelector('[data-column]').append(card);
  document.querySelector('form input').value = '';
  report();
  return false;
};
"""


def cards(draw: Draw) -> dict[str, list[str]]:
    names = [
        f"{kind} {thing} for {name}"
        for kind, thing, name in zip(
            draw.some("kinds", KINDS, 6), draw.some("things", THINGS, 6), draw.some("names", NAMES, 6), strict=True
        )
    ]
    return {column: names[2 * place : 2 * place + 2] for place, column in enumerate(COLUMNS)}


def answer(ask: Ask) -> Answer:
    look = ask.look
    columns = "".join(
        f'<section class="column {look.cls("column")}" data-column="{column}" aria-label="{column}" role="group"><h2>{column}</h2>'
        + "".join(
            look.wrap(
                f'<div class="card {look.cls("card")}" id="{look.id(name.split()[0])}" data-card draggable="true" tabindex="0">{name}</div>'
            )
            for name in names
        )
        + "</section>"
        for column, names in cards(ask.draw).items()
    )
    form = "<form><label>New card <input></label><button>Add</button></form>"
    return Answer(
        f"{STYLE}{look.order('<h1>Board</h1>', form)}<div class=columns>{columns}</div><script>{SCRIPT}{json.dumps('')}</script>",
        "Board",
    )


def workflows(draw: Draw) -> list[Workflow]:
    known = cards(draw)
    (first, second), doing, done = known["To do"], known["Doing"], known["Done"]
    name, new = f"{draw.one('renamed', THINGS)} of {draw.one('owner', NAMES)}", f"{draw.one('more', KINDS)} things"
    return [
        Workflow(
            "move",
            f"Move “{first}” to Doing and “{second}” to Done.",
            "",
            (
                Gesture(do="drag", role="div", name=first, to="Doing"),
                Gesture(do="drag", role="div", name=second, to="Done"),
            ),
            {"To do": [], "Doing": [*doing, first], "Done": [*done, second]},
        ),
        Workflow(
            "rename",
            f"Rename “{doing[0]}” to “{name}” and mark “{done[1]}” as urgent.",
            "",
            (
                Gesture(do="double", role="div", name=doing[0]),
                fill("textbox", "Name of the card", name, submit=True),
                Gesture(do="right", role="div", name=done[1]),
                click("menuitem", "Mark as urgent"),
            ),
            {"To do": [first, second], "Doing": [name, doing[1]], "Done": [done[0], f"{done[1]} (urgent)"]},
        ),
        Workflow(
            "add",
            f"Add a card called “{new}”.",
            "",
            (fill("textbox", "New card", new), click("button", "Add")),
            {"To do": [first, second, new], "Doing": doing, "Done": done},
        ),
    ]


SITE = Site("board", answer, workflows)
