"""How often the target is in the text: on pages where one can say by hand."""

from webapprentice.core.actions import Click
from webapprentice.core.records import Trajectory
from webapprentice.dialect import load
from webapprentice.evaluate.survival import survival, survival_text
from webapprentice.importers.common import Ready, Workflow


def words(text: str) -> int:
    return len(text.split())


def made(site: str, button: str, before: int, after: int) -> Ready:
    """A page with so many paragraphs before and after its button."""
    html = "".join(f"<p>word {n}</p>" for n in range(before)) + button
    html += "".join(f"<p>other {n}</p>" for n in range(after))
    flow = Workflow("made", f"{site}-{before}", "Press it")
    flow.step(f"<body>{html}</body>", f"http://{site}/x", "#b", lambda node: Click(node=node), "press")
    return flow.ready("by hand")


def test_shares_by_site_way_and_budget() -> None:
    button = "<button id=b>Save</button>"
    flows = [
        made("a.example", button, 3, 300),
        made("b.example", button, 300, 3),
        made("b.example", "<div id=b></div>", 1, 1),
    ]
    pages = {key: page for flow in flows for key, page in flow.pages.items()}
    trajectories: list[Trajectory] = [flow.trajectory for flow in flows]
    every, b, a = survival(trajectories, load("scribe"), (60, 5000), words, pages.__getitem__)
    assert (every.site, every.steps, b.site, b.steps, a.site) == ("all", 3, "b.example", 2, "a.example")
    assert every.shares["taught"] == {60: 1.0, 5000: 1.0}
    # The empty div is childless structure that nobody can press: it goes unless it is known to be the target.
    assert every.shares["asked"] == {60: 2 / 3, 5000: 2 / 3}
    assert a.shares["scribe"] == {60: 1.0, 5000: 1.0}
    assert a.shares["scribe_tail"] == {60: 0.0, 5000: 1.0}  # the button stands far above the page's end
    assert b.shares["scribe_tail"] == {60: 0.5, 5000: 0.5}
    assert "b.example: 2 steps with a target" in survival_text([every, b, a], (60, 5000))
