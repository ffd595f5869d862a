"""What pages let download lies in quarantine: under a harmless name, bounded, hashed, and never opened."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from webapprentice.browser.config import BrowserConfig
from webapprentice.core.records import Download

PREFIX = "webapprentice-profile-"
"""Temporary folders are called like profiles, so that the same sweep finds what a killed run left."""
LONGEST = 120
"""Characters of a name."""
_EXTENSION = 16
_BYTES = 200
"""Of a name as UTF-8; file systems take 255, and a number comes in front."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


def harmless(name: str) -> str:
    """A file name that means the same on every system and to every eye: no folders, no hidden or turning characters."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(one for one in text if unicodedata.category(one)[0] not in "C" and one not in "\u2028\u2029")
    text = re.sub(r"""[<>:"/\\|?*'`$;&%~!]+""", "_", " ".join(text.split()))
    text = text.strip(". ")
    stem, dot, extension = text.rpartition(".")
    if dot and 0 < len(extension) <= _EXTENSION:
        text = f"{stem[: LONGEST - 1 - len(extension)].rstrip('. ')}.{extension}"
    else:
        text = text[:LONGEST]
    while len(text.encode()) > _BYTES:
        stem, dot, extension = text.rpartition(".")
        text = f"{stem[:-1]}.{extension}" if dot and len(stem) > 1 else text[:-1]
    text = text.strip(". ") or "download"
    return f"_{text}"[:LONGEST] if _RESERVED.match(text) or text.startswith("-") else text


class Quarantine:
    """The downloads of one window."""

    def __init__(self, config: BrowserConfig) -> None:
        self.folder: Path | None = None
        """Where the files lie, each by its number and its harmless name; None while there was no window."""
        self._config = config
        self._found: dict[str, Download] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._number = 0

    @property
    def seen(self) -> tuple[Download, ...]:
        """All of them, oldest first."""
        return tuple(self._found.values())

    def begin(self) -> dict[str, Any]:
        """What the browser is told about downloads of a new context."""
        if self._config.max_downloads == 0:
            return {"behavior": "deny"}
        if self.folder is None:
            if self._config.quarantine is None:
                self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-quarantine-"))
            else:
                Path(self._config.quarantine).mkdir(parents=True, exist_ok=True)
                self.folder = Path(tempfile.mkdtemp(prefix="window-", dir=self._config.quarantine))
        return {"behavior": "allowAndName", "downloadPath": str(self.folder.absolute()), "eventsEnabled": True}

    def claim(self, told: dict[str, Any]) -> None:
        """One of this window's tabs has begun a download."""
        refused = len(self._found) >= self._config.max_downloads
        if refused and len(self._found) >= 2 * self._config.max_downloads:
            return  # a storm: it is cancelled like the others, but not listed
        state = "refused" if refused else "running"
        self._found[told["guid"]] = Download(name=harmless(told["suggestedFilename"]), state=state)

    def claims(self, guid: str) -> bool:
        """Whether the download belongs to this window and goes on."""
        found = self._found.get(guid)
        return found is not None and found.state == "running"

    def hear(self, told: dict[str, Any], cancel: Callable[[str], None]) -> None:
        """Progress of a download that may be another window's."""
        guid = told["guid"]
        found = self._found.get(guid)
        if found is None or found.state != "running":
            if told["state"] == "completed" and self.folder is not None:
                (self.folder / guid).unlink(missing_ok=True)  # it was there before it could be cancelled
            return
        size = max(int(told["receivedBytes"]), 0)
        state = told["state"]
        if size > self._config.download_bytes or told["totalBytes"] > self._config.download_bytes:
            self._found[guid] = found.with_(bytes=size, state="refused")
            if state == "inProgress":
                cancel(guid)
            elif self.folder is not None:
                (self.folder / guid).unlink(missing_ok=True)
        elif state == "inProgress":
            self._found[guid] = found.with_(bytes=size)
        elif state == "canceled":
            self._found[guid] = found.with_(bytes=size, state="cancelled")
        elif self.folder is not None:
            self._number += 1
            kept = self.folder / f"{self._number:03}-{found.name}"
            task = asyncio.get_running_loop().create_task(self._keep(guid, self.folder / guid, kept))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)

    async def _keep(self, guid: str, file: Path, kept: Path) -> None:
        try:
            digest, size = await asyncio.to_thread(_put_away, file, kept)
        except OSError:
            change: dict[str, object] = {"state": "cancelled"}
        else:
            change = {"state": "finished", "bytes": size, "sha256": digest}
        if guid in self._found:
            self._found[guid] = self._found[guid].with_(**change)

    async def settled(self, seconds: float = 1.0) -> None:
        """Wait, not for long, until what has arrived is hashed."""
        if self._keeping:
            await asyncio.wait(set(self._keeping), timeout=seconds)

    def clear(self) -> None:
        """Forget what there was, for another task; a temporary folder is emptied."""
        had = len(self._found)
        self._found.clear()
        if had and self.folder is not None and self._config.quarantine is None:
            for file in self.folder.iterdir():
                with suppress(OSError):
                    file.unlink()

    async def end(self) -> None:
        """Let go: a temporary folder is removed, a configured one stays unless it is empty."""
        folder, self.folder = self.folder, None
        await self.settled()
        if folder is None:
            return
        if self._config.quarantine is None:
            await asyncio.to_thread(shutil.rmtree, folder, True)
        else:
            with suppress(OSError):
                folder.rmdir()


def _put_away(file: Path, kept: Path) -> tuple[str, int]:
    """SHA-256 and size of the file, which gets its harmless name and can neither be run nor be read by others."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    file.chmod(0o600)
    file.rename(kept)
    return digest, size
