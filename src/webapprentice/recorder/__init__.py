"""Recording what people do in a browser, and playing it again without a model.

    async with Browser.launch(config.browser) as browser:
        recorder = await Recorder.open(browser, config)
        trajectory = await record_scripted(recorder, Pages(recorder.window), task, 0, script(gestures), store, folder)

The names are loaded on first use: `import webapprentice.recorder` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webapprentice.recorder.config import RecordConfig, ReplayConfig
    from webapprentice.recorder.person import Gesture, Person, script
    from webapprentice.recorder.playing import Played, Replay, replay
    from webapprentice.recorder.recorder import Recorder
    from webapprentice.recorder.scripted import Pages, record_scripted

_HOMES = {
    "Gesture": "person",
    "Pages": "scripted",
    "Person": "person",
    "Played": "playing",
    "RecordConfig": "config",
    "Recorder": "recorder",
    "Replay": "playing",
    "ReplayConfig": "config",
    "record_scripted": "scripted",
    "replay": "playing",
    "script": "person",
}

__all__ = [
    "Gesture",
    "Pages",
    "Person",
    "Played",
    "RecordConfig",
    "Recorder",
    "Replay",
    "ReplayConfig",
    "record_scripted",
    "replay",
    "script",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"webapprentice.recorder.{_HOMES[name]}"), name)
