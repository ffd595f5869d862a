"""Many ways to say one thing: templates with alternatives, and the noise that people add."""

from __future__ import annotations

import re
from random import Random

from seed.words import FUNCTION, THINGS, VERBS, junk, pick

_INNER = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"<(\w+)>")
_ENTITY = re.compile(r"%(\d)")

SLOTS = {
    "press": "(press|hit|tap|push|click|click|select|choose|pick|activate|poke|use|go for|trigger|touch)",
    "tick": "(tick|check|mark|select|choose|pick|enable|turn on|put a check at|switch on)",
    "choose": "(choose|pick|select|take|set|go with|opt for|mark)",
    "type": "(type|enter|write|put|fill in|key in|insert|input|place|set)",
    "open": "(open|go to|show|visit|bring up|switch to|view|navigate to|follow)",
    "find": "(find|look for|locate|search for|track down|spot|hunt for|get)",
    "please": "(||||please|kindly|now|just|I want you to|could you|you should|your job : |task : )",
    "then": "(then|and|and then|, then|, and|, afterwards|, finally|;|. Next ,|. Then)",
    "btn": "(button|button|key|control|||)",
    "field": "(field|box|input|text box|entry|text field|blank|input field|line)",
    "the": "(the|the|that||this)",
    "named": "(named|called|labelled|labeled|that says|reading|with the text|saying|marked|with the label|titled)",
    "confirm": "(confirm|send it|finish|save it|submit|submit it|finish with %C|<press> %C|<press> the %C "
    "<btn>|<press> %C|"
    "use %C|hit %C when done|<press> %C at the end|confirm with %C)",
}


def expand(rng: Random, template: str) -> str:
    """One of the sentences a template stands for; `(a|b)` are alternatives, `<name>` a slot."""
    while True:
        text = _SLOT.sub(lambda found: SLOTS[found[1]], template)
        if text == template:
            break
        template = text
    while True:
        text = _INNER.sub(lambda found: pick(rng, found[1].split("|")), template)
        if text == template:
            return text
        template = text


def quoted(rng: Random, text: str) -> str:
    """The words themselves, mostly in quotation marks."""
    roll = rng.random()
    if roll < 0.55:
        return f'"{text}"'
    return f"'{text}'" if roll > 0.93 else text


def _noise(rng: Random, text: str) -> str:
    """Some of the wording lost, replaced or padded: instructions come in any words."""
    words = text.split()
    roll = rng.random()
    strength = 0.15 if roll < 0.10 else 0.5 if roll < 0.16 else 0.0
    if strength:
        spare = [*FUNCTION, *VERBS, *THINGS]
        for index, word in enumerate(words):
            if "%" not in word and rng.random() < strength:
                words[index] = rng.choice(("", pick(rng, spare), junk(rng), f"{word} {pick(rng, FUNCTION)}"))
    return " ".join(words)


def say(rng: Random, templates: tuple[str, ...], *entities: str, confirm: str = "") -> str:
    """A goal: one template, expanded, with its `%0`, `%1`... replaced by the entities and `%C` by the button's name."""
    text = expand(rng, pick(rng, templates))
    text = _noise(rng, text)
    style = rng.random()
    shown = [entity if entity.startswith("~") else quoted(rng, entity) for entity in entities]
    if style < 0.65:
        marks = pick(rng, ['"', '"', "", "'"])
        shown = [entity if entity.startswith("~") else f"{marks}{entity}{marks}" for entity in entities]
    shown = [entity.removeprefix("~") for entity in shown]
    text = _ENTITY.sub(lambda found: shown[int(found[1])] if int(found[1]) < len(shown) else "", text)
    text = text.replace("%C", quoted(rng, confirm) if confirm else "")
    text = " ".join(text.split()).replace(" ,", ",").replace(" .", ".").replace(" ;", ";").strip(" ,;")
    if rng.random() < 0.7:
        text = text[:1].upper() + text[1:]
    return text + ("." if rng.random() < 0.55 else "")


def listed(rng: Random, names: list[str]) -> str:
    """Several names as one phrase; not to be quoted again."""
    mark = pick(rng, ['"', "", "", "'"])
    shown = [f"{mark}{name}{mark}" for name in names]
    if len(shown) == 1:
        return "~" + shown[0]
    style = rng.random()
    if style < 0.45:
        return "~" + ", ".join(shown)
    last = pick(rng, [" and ", ", and ", " plus ", " & ", " as well as "])
    return "~" + ", ".join(shown[:-1]) + last + shown[-1]
