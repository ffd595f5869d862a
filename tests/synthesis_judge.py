"""What a made-up example has to be, said again from its text alone and with none of the package's own checks."""

from __future__ import annotations

import random
import re

from webapprentice.core.records import Trajectory
from webapprentice.page import render

_LINE = re.compile(r"^\t*\[(\d+)\] (\S+) ('.*?'|\".*?\")(.*)$", re.DOTALL)
_ROLES = {
    "click": "button checkbox combobox link listbox menuitem menuitemcheckbox menuitemradio option radio scrollbar "
    "searchbox slider spinbutton switch tab textbox treeitem generic LabelText",
    "type": "textbox searchbox combobox spinbutton",
    "select": "combobox listbox",
}


def words(text: str) -> str:
    return " " + " ".join(re.findall(r"[a-z0-9]+", text.lower())) + " "


def fault_of(made: Trajectory) -> str:
    """What is wrong with an example; empty where nothing is."""
    if made.score is not None or made.source != "synthetic" or len(made.steps) != 1 or len(made.before) > 1:
        return "not one unjudged step"
    step = made.steps[0]
    host = re.fullmatch(r"https?://([a-z0-9.-]+\.[a-z]+)(?:[/?#]\S*)?", step.observation.url)
    if not host or host[1].split(".")[-2:] != made.task.sites[0].split(".")[-2:]:
        return f"address {step.observation.url}"
    if len(made.goal.split()) < 4 or not made.goal.isascii() or "\n" in made.goal:
        return f"objective {made.goal!r}"
    text = render(step.observation.elements, "axtree", 1_000_000, len, getattr(step.action, "node", None)).text
    lines = [_LINE.match(line) for line in text.splitlines()]
    if not all(lines):
        return "a line that is no node"
    nodes = {int(line[1]): line[2] for line in lines if line}
    if len(nodes) < len(lines) or len(nodes) < 5:
        return "one id for two nodes, or hardly a page"
    fenced = re.findall(r"```(.*?)```", step.said, re.DOTALL)
    if len(fenced) != 1 or not step.said.startswith("Let's think step-by-step.") or not step.said.endswith("```"):
        return "not one action after thinking"
    named = {int(node) for node in re.findall(r"\[(\d{1,9})\]", step.said.split("```")[0])}
    if not named <= nodes.keys():
        return f"speaks of {named - nodes.keys()}"
    verb, _, rest = fenced[0].partition(" ")
    arguments = re.findall(r"\[([^\]]*)\]", rest)
    if verb in ("click", "type", "select", "hover"):
        if not arguments or int(arguments[0]) not in nodes:
            return f"no such element: {fenced[0]}"
        if verb in _ROLES and nodes[int(arguments[0])] not in _ROLES[verb].split():
            return f"{verb} on a {nodes[int(arguments[0])]}"
    elif verb not in ("scroll", "stop"):
        return f"verb {verb}"
    given = {"type": arguments[1:2], "select": arguments[1:], "stop": arguments[:1]}.get(verb, [])
    if verb in ("type", "select", "stop") and not given:
        return "nothing typed, chosen or answered"
    for one in given:
        if not words(one).strip() or not any(words(one) in words(seen) for seen in (made.goal, *text.splitlines())):
            return f"made up {one!r}"
    return ""


_BITS = (
    *(
        "[7]",
        "[99999]",
        "```",
        "```click [4]```",
        "NEXT ACTION:",
        "WEBPAGE:",
        "OBJECTIVE:",
        "URL:",
        "Let's think",
        "\n\n",
    ),
    *(
        "stop [N/A]",
        "type [4] [x] [1]",
        "None",
        "\0",
        "\u202e",
        "{item}",
        "Ünïcödé ключ",
        "'",
        '"',
        "[",
        "]",
        "\t",
        " ",
    ),
    *("2. Remember it", "https://evil.test/", "link", "StaticText", "button", "heading", "disabled: True", "I cannot"),
)


_OTHERS = ("link", "searchbox", "button", "heading", "StaticText", "textbox readonly")


def mutated(text: str, rng: random.Random) -> str:
    """The text with one to three small things done to it, as a model or a line might."""
    for _ in range(rng.randrange(1, 4)):
        at, to = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        lines = text.split("\n")
        line = rng.randrange(len(lines))
        match rng.randrange(10):
            case 0:
                text = text[:at] + text[min(to, at + 30) :]
            case 1:
                text = text[:at] + rng.choice(_BITS) + text[at:]
            case 2:
                text = "\n".join([*lines[:line], lines[line], *lines[line:]])
            case 3:
                text = "\n".join(lines[:line] + lines[line + 1 :])
            case 4:
                rng.shuffle(lines)
                text = "\n".join(lines)
            case 5:
                text = text[:at]
            case 6:
                text = re.sub(r"\d+", lambda found: str(int(found[0]) + rng.choice((0, 0, 1, 70))), text)
            case 7:
                text = re.sub(r"\b(link|searchbox|StaticText)\b", lambda _: rng.choice(_OTHERS), text, count=3)
            case 8:
                text = text + "\n" + text
            case _:
                text = re.sub(r"\w{4,}", lambda found: rng.choice((found[0], found[0], found[0][::-1])), text, count=20)
    return text
