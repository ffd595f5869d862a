"""What a step is: a pure fold over events. Many keystrokes are one `type`, many turns of the wheel one `scroll`."""

from __future__ import annotations

from collections.abc import Iterable

from webapprentice.core.actions import (
    Action,
    Back,
    Click,
    CloseTab,
    Dialog,
    Drag,
    Forward,
    Goto,
    Hover,
    NewTab,
    Press,
    Scroll,
    Select,
    Stop,
    SwitchTab,
    Type,
    Upload,
)
from webapprentice.core.records import Record, Target
from webapprentice.recorder.events import Event

AFTERWARDS = 2.0
"""Seconds in which a page goes back, or a tab closes, after a script has asked for it."""
RELOADS = 1.0
"""Seconds after a press or a key in which a reload is the page's doing."""
HOVERS = 20
"""Things pointed at since the last step that are remembered."""
DRAWN = frozenset({"canvas", "svg", "img", "video", "embed", "object"})
"""Elements in which it matters where they are pressed."""
_BACK = {"Alt+ArrowLeft", "Meta+[", "Meta+ArrowLeft", "BrowserBack"}
_FORWARD = {"Alt+ArrowRight", "Meta+]", "Meta+ArrowRight", "BrowserForward"}
_RELOAD = {"F5", "Control+r", "Control+F5", "Control+Shift+R", "Meta+r", "BrowserRefresh"}


class Draft(Record):
    """A step that later events may still change while it is the last one."""

    action: Action
    seen: str | None
    """Key of the observation before it."""
    targets: tuple[Target, ...] = ()
    at: float = 0.0
    tab: int = 0
    field: str = ""
    """Of a click: what kind of field it was on."""


class Fold:
    """Steps so far. Events are taken in order; only the last draft ever changes, unless `undo` takes it away."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.goal = ""
        self.paused = False
        self.ended = False
        self.tabs: list[int] = []
        """Open tabs in their order."""
        self.active: int | None = None
        self._edit: Event | None = None
        """How the field that is being typed into was before."""
        self._pressed: Event | None = None
        """The press of the last draft, whose button may still be held."""
        self._hovers: list[Event] = []
        self._busy = float("-inf")
        """When the person last did something in a page."""
        self._moving = float("-inf")
        """When a script last asked to go back, or to close a tab."""

    def take(self, event: Event) -> None:
        """Take one more event."""
        match event.kind:
            case "goal":
                self.goal = event.text or ""
            case "pause" | "resume":
                self.paused = event.kind == "pause"
            case "end":
                self.ended = True
                if event.text is not None:
                    self._put(event, Stop(answer=event.text))
            case "undo":
                self._undo()
            case "opened" | "closed" | "shown":
                self._tab(event)
            case _ if self.paused or self.ended:
                pass
            case "moving":
                self._moving = event.at
            case "navigated":
                self._navigated(event)
            case "dialog":
                self._dialog(event)
            case _:
                self._act(event)

    def _act(self, event: Event) -> None:
        """What is done in a page."""
        if event.kind not in ("hover", "release"):
            self._busy = event.at
        match event.kind:
            case "hover":
                self._hovers = [*self._hovers, event][-HOVERS:]
            case "press":
                if event.node is not None:
                    self._point(event)
                    self._put(event, Click(node=event.node, button=event.button, at=_spot(event)))
                    self._pressed = event if event.button != "right" else None
            case "release":
                self._release(event)
            case "edit":
                self._edit = event
            case "input":
                self._input(event)
            case "choose" | "files" if event.node is not None:
                self._field(event)
            case "key":
                self._key(event)
            case "wheel":
                self._put(event, Scroll(direction=event.way, node=event.node))

    def _put(self, event: Event, action: Action, *more: Target) -> None:
        targets = (event.target,) if event.target is not None else ()
        draft = Draft(action=action, seen=event.seen, targets=(*targets, *more), at=event.at, tab=event.tab)
        self.drafts.append(draft.with_(field=event.field))
        self._hovers.clear()
        self._pressed = None

    def _point(self, event: Event) -> None:
        """The things that had to be pointed at before what is pressed now was there."""
        wanted, needed = event.node, list[Event]()
        for hover in reversed(self._hovers):
            if wanted in hover.revealed and hover.node is not None and hover.node != event.node:
                needed.append(hover)
                wanted = hover.node
        for hover in reversed(needed):
            self._put(hover, Hover(node=hover.node or 0))

    @property
    def _last(self) -> Draft | None:
        return self.drafts[-1] if self.drafts else None

    def _release(self, event: Event) -> None:
        last = self._last
        if last is None or not isinstance(last.action, Click) or last.tab != event.tab or self._pressed is None:
            return
        press, self._pressed = self._pressed, None
        click = last.action
        if event.far:
            goal = event.node if event.node != click.node and event.target is not None else None
            drag = (
                Drag(node=click.node, to=goal, at=press.spot, to_at=event.spot)
                if goal is not None
                else Drag(node=click.node, by=event.by, at=press.spot)
            )
            more = (event.target,) if goal is not None and event.target is not None else ()
            self.drafts[-1] = last.with_(action=drag, targets=(*last.targets, *more))
        elif event.count > 1 and len(self.drafts) > 1:
            first = self.drafts[-2]
            if isinstance(first.action, Click) and (first.action.node, first.action.button) == (
                click.node,
                click.button,
            ):
                self.drafts[-2:] = [first.with_(action=first.action.model_copy(update={"count": 2}))]

    def led_to(self, event: Event, field: str = "text") -> bool:
        """Whether the last draft is a click that only led to what happens now."""
        last = self._last
        if last is None or not isinstance(last.action, Click) or last.action.button != "left" or last.tab != event.tab:
            return False
        return last.action.node == event.node or last.field == field

    def _before(self, event: Event, field: str) -> Event:
        """The event, as it was before the click that led to it, which it takes the place of."""
        last = self._last
        if last is not None and self.led_to(event, field):
            self.drafts.pop()
            same = any(target.node == event.node for target in last.targets)
            target = last.targets[0] if same else event.target
            return event.with_(seen=last.seen or event.seen, target=target, at=last.at)
        return event

    def _input(self, event: Event) -> None:
        if event.node is None:
            return
        edit, begun = self._edit, event
        begins = edit is not None and (edit.node, edit.tab) == (event.node, event.tab)
        if edit is not None and begins:
            begun, self._edit = self._before(edit, "text"), None
        for place in range(len(self.drafts) - 1, -1, -1):
            draft = self.drafts[place]
            if isinstance(draft.action, Type) and self._continues(draft, event):
                if event.text is not None:
                    self.drafts[place] = draft.with_(action=draft.action.model_copy(update={"text": event.text}))
                return
            if begins:
                break  # something else was done since it was typed into last
        if begins:
            self._put(begun.with_(field=""), Type(node=event.node, text=event.text or ""))

    def _continues(self, last: Draft, event: Event) -> bool:
        typed = last.action
        return isinstance(typed, Type) and typed.node == event.node and last.tab == event.tab and not typed.submit

    def _field(self, event: Event) -> None:
        node, options = event.node or 0, event.options
        action: Action = (
            Select(node=node, options=options) if event.kind == "choose" else Upload(node=node, files=options)
        )
        begun = self._before(event, "choice" if event.kind == "choose" else "file")
        last = self._last
        if last is not None and isinstance(last.action, Select) and last.action.node == node and last.tab == event.tab:
            self.drafts[-1] = last.with_(action=action)  # on the way to another option
        else:
            self._put(begun.with_(field=""), action)

    def _key(self, event: Event) -> None:
        last = self._last
        if event.submits and last is not None and isinstance(last.action, Type) and self._continues(last, event):
            self.drafts[-1] = last.with_(action=last.action.model_copy(update={"submit": True}))
        else:
            self._put(event, Press(keys=event.keys, node=event.node))

    def _dialog(self, event: Event) -> None:
        """An answer is given before what makes the page ask: dialogs are closed as they open."""
        if event.asks not in ("confirm", "prompt"):
            return
        action = Dialog(accept=event.accept, text=event.text if event.accept else None)
        last = self._last
        if last is None or isinstance(last.action, Dialog):
            self._put(event, action)
        else:
            self.drafts.insert(-1, Draft(action=action, seen=last.seen, at=last.at, tab=last.tab))

    def _navigated(self, event: Event) -> None:
        last = self._last
        keys = last.action.keys if last is not None and isinstance(last.action, Press) else ""
        known = {"back": _BACK, "forward": _FORWARD, "reload": _RELOAD}.get(event.how, set())
        if keys in known and last is not None:
            self.drafts.pop()
            event = event.with_(seen=last.seen or event.seen)
        elif event.how == "page" or (event.how == "reload" and event.at - self._busy < RELOADS):
            return
        elif event.how in ("back", "forward") and event.at - self._moving < AFTERWARDS:
            self._moving = float("-inf")
            return
        match event.how:
            case "back":
                self._put(event, Back())
            case "forward":
                self._put(event, Forward())
            case _:
                self._put(event, Goto(url=event.url))

    def _tab(self, event: Event) -> None:
        """Tabs that come are active, as in a window; of those that go, the one before is."""
        if event.kind == "opened":
            if event.how == "typed" and self.tabs and not self.paused:
                self._put(event, NewTab())
            self.tabs.append(event.tab)
            self.active = event.tab
        elif event.tab not in self.tabs:
            return
        elif event.kind == "shown":
            if event.tab != self.active and not self.paused:
                self._put(event, SwitchTab(index=self.tabs.index(event.tab)))
            self.active = event.tab
        else:
            self._closed(event)

    def _closed(self, event: Event) -> None:
        place = self.tabs.index(event.tab)
        at = self.tabs.index(self.active) if self.active in self.tabs else 0
        own = event.at - self._moving >= AFTERWARDS and len(self.tabs) > 1 and not self.paused and not self.ended
        if own and event.tab != self.active:
            self._put(event, SwitchTab(index=place))
            at = place
        if own:
            self._put(event, CloseTab())
        self.tabs.remove(event.tab)
        at = max(0, min(at - (place < at), len(self.tabs) - 1))
        self.active = self.tabs[at] if self.tabs else None

    def _undo(self) -> None:
        if self.drafts:
            self.drafts.pop()
        while self.drafts and isinstance(self.drafts[-1].action, Dialog):
            self.drafts.pop()
        self._edit = self._pressed = None
        self._hovers.clear()


def fold(events: Iterable[Event]) -> list[Draft]:
    """The steps of these events."""
    folded = Fold()
    for event in events:
        folded.take(event)
    return folded.drafts


def _spot(event: Event) -> tuple[int, int] | None:
    return event.spot if event.target is not None and event.target.tag in DRAWN else None


def said(action: Action, targets: tuple[Target, ...]) -> str:
    """One line that says what was done, as a person would."""
    names = [f"{one.role or one.tag} “{one.name}”" if one.name else f"{one.role or one.tag}" for one in targets]
    on = names[0] if names else ""
    match action:
        case Click(button=button, count=count):
            how = "double-click" if count == 2 else "click" if button == "left" else f"{button}-click"
            return f"{how} the {on or 'page'}"
        case Type(text=text, submit=submit):
            return f"type “{text}” into the {on or 'field'}" + (" and press Enter" if submit else "")
        case Select(options=options):
            return f"choose {', '.join(f'“{one}”' for one in options) or 'nothing'} in the {on or 'list'}"
        case Hover():
            return f"point at the {on or 'page'}"
        case Press(keys=keys):
            return f"press {keys}" + (f" on the {on}" if on else "")
        case Scroll(direction=direction):
            return f"scroll {direction}" + (f" in the {on}" if on else "")
        case Drag(by=by):
            return f"drag the {on} " + (f"to the {names[1]}" if len(names) > 1 else f"by {by}")
        case Upload(files=files):
            return f"upload {', '.join(files)} to the {on or 'field'}"
        case Goto(url=url):
            return f"go to {url}"
        case SwitchTab(index=index):
            return f"switch to tab {index}"
        case Dialog(accept=accept, text=text):
            return ("accept" if accept else "dismiss") + " the dialog" + (f" with “{text}”" if text else "")
        case Stop(answer=answer):
            return f"done: {answer}" if answer else "done"
    return action.kind.replace("_", " ")
