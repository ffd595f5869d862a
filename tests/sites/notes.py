"""Notes in a single page: addresses change without loading, the list is drawn anew, suggestions come while one types."""

from __future__ import annotations

import json

from sites import CITIES, NAMES, THINGS, Answer, Ask, Draw, Site, Workflow, click, fill
from webapprentice.recorder import Gesture

SCRIPT = """
const main = document.querySelector('main');
const state = { notes: NOTES, saved: [], tags: {} };
const make = (html) => { main.innerHTML = html; };
const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const wrap = (html) => WRAP.replace('@', html);
const report = () => { window.outcome = { saved: state.saved, tags: state.tags }; };
const go = (path) => { history.pushState(null, '', path); draw(); };
const list = () => {
  make(wrap(`<h1>Notes</h1><ul>${state.notes.map((one, n) => `<li><a href="#note/${n}" class="CLS">${escape(one.title)}</a></li>`).join('')}</ul>`)
    + wrap('<button data-new>New note</button>'));
};
const note = (n) => {
  const one = state.notes[n];
  document.title = one.title;
  make(wrap(`<h1>${escape(one.title)}</h1>`) + wrap(`<label>Title <input data-title value="${escape(one.title)}"></label><label>Text <textarea data-text>${escape(one.text)}</textarea></label>`)
    + wrap(`<label>Tag <input data-tag role="combobox"></label><ul data-offer></ul>`) + wrap('<button data-save>Save</button>'));
  main.querySelector('[data-save]').onclick = () => {
    one.title = main.querySelector('[data-title]').value;
    one.text = main.querySelector('[data-text]').value;
    state.saved.push([one.title, one.text]);
    report();
    setTimeout(() => go('#'), 60);
  };
  const tag = main.querySelector('[data-tag]');
  const offer = main.querySelector('[data-offer]');
  let at = -1;
  const shown = () => TAGS.filter((word) => tag.value && word.toLowerCase().startsWith(tag.value.toLowerCase()));
  const paint = () => { offer.innerHTML = shown().map((word, n) => `<li role="option" ${n === at ? 'aria-selected="true"' : ''}>${word}</li>`).join(''); };
  const take = (word) => { tag.value = word; state.tags[one.title] = word; offer.innerHTML = ''; report(); };
  tag.oninput = () => { at = -1; setTimeout(paint, 80); };
  tag.onkeydown = (event) => {
    if (event.key === 'ArrowDown') { at = Math.min(at + 1, shown().length - 1); paint(); event.preventDefault(); }
    if (event.key === 'Enter' && at >= 0) { take(shown()[at]); event.preventDefault(); }
  };
  offer.onmousedown = (event) => { if (event.target.role === 'option') take(event.target.textContent); };
};
const draw = () => {
  const found = location.hash.match(/note\\/(\\d+)/);
  if (found) note(Number(found[1])); else list();
};
addEventListener('hashchange', draw);
addEventListener('popstate', draw);
main.addEventListener('click', (event) => {
  if (event.target.matches('[data-new]')) { state.notes.push({ title: 'Untitled', text: '' }); go(`#note/${state.notes.length - 1}`); }
});
draw();
"""


def contents(draw: Draw) -> list[dict[str, str]]:
    titles = [
        f"{thing} for {name}"
        for thing, name in zip(draw.some("things", THINGS, 6), draw.some("names", NAMES, 6), strict=True)
    ]
    return [{"title": title, "text": f"Bring it to {draw.one(title, CITIES)}."} for title in titles]


def tags(draw: Draw) -> list[str]:
    return draw.some("tags", CITIES, 8)


def answer(ask: Ask) -> Answer:
    look = ask.look
    script = SCRIPT.replace("NOTES", json.dumps(contents(ask.draw))).replace("TAGS", json.dumps(tags(ask.draw)))
    script = script.replace("WRAP", json.dumps(look.wrap("@"))).replace("CLS", look.cls("note"))
    nav = "<header>All your notes in one place</header>"
    body = f"{nav}<main></main>" if look.variant % 2 == 0 else f"<div><div><main></main></div>{nav}</div>"
    return Answer(f"{body}<script>{script}</script>", "Notes")


def workflows(draw: Draw) -> list[Workflow]:
    known = contents(draw)
    one, other = draw.some("asked", known, 2)
    text = f"Ask {draw.one('whom', NAMES)} first.\nThen buy two."
    tag = draw.one("tag", tags(draw))
    alike = sorted(word for word in tags(draw) if word[0] == tag[0])
    shown = [word for word in tags(draw) if word.startswith(tag[0])]
    title = f"{draw.one('new', THINGS)} of mine"
    downs = tuple(
        Gesture(do="press", role="combobox", name="Tag", text="ArrowDown") for _ in range(shown.index(tag) + 1)
    )
    return [
        Workflow(
            "edit",
            f"Change the text of the note “{one['title']}” to two lines, “{text.replace(chr(10), '” and “')}”, and save it.",
            "",
            (click("link", one["title"]), fill("textbox", "Text", text), click("button", "Save")),
            {"saved": [[one["title"], text]], "tags": {}},
        ),
        Workflow(
            "tag",
            f"Look at “{one['title']}”, go back, and tag “{other['title']}” with {tag} ({len(alike)} begin alike).",
            "",
            (
                click("link", one["title"]),
                Gesture(do="back"),
                click("link", other["title"]),
                fill("combobox", "Tag", tag[0]),
                *downs,
                Gesture(do="press", role="combobox", name="Tag", text="Enter"),
            ),
            {"saved": [], "tags": {other["title"]: tag}},
        ),
        Workflow(
            "new",
            f"Make a new note called “{title}” with the text “Soon.”",
            "",
            (
                click("button", "New note"),
                fill("textbox", "Title", title),
                fill("textbox", "Text", "Soon."),
                click("button", "Save"),
            ),
            {"saved": [[title, "Soon."]], "tags": {}},
        ),
    ]


SITE = Site("notes", answer, workflows)
