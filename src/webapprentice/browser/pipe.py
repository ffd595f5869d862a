"""Chromium's debugging protocol over a pipe: one process, many sessions, and no driver process in between."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from pydantic_core import from_json, to_json

Told = dict[str, Any]
Hears = Callable[[Told], None]


class ProtocolError(Exception):
    """What the browser refused, or why it will not answer any more; `kind` is the kind of the fault this becomes."""

    def __init__(self, message: str, kind: str = "browser_error") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind


class Session:
    """One target's end of the pipe: commands go out in the order of `post`, events come in to `hears`."""

    def __init__(self, pipe: Pipe, name: str | None) -> None:
        self.name = name
        """The protocol's sessionId; None for the browser itself."""
        self.hears: dict[str, Hears] = {}
        """Who is told of an event, by its method."""
        self.lost: ProtocolError | None = None
        """Why nothing can be sent any more."""
        self.ends: Callable[[], None] | None = None
        """Who is told, once, that nothing will come any more."""
        self._pipe = pipe
        self._open: dict[int, Future[Told]] = {}

    def post(self, method: str, parameters: Mapping[str, Any] | None = None) -> Future[Told]:
        """Send a command now; the answer comes later. The future raises ProtocolError."""
        answer: Future[Told] = asyncio.get_running_loop().create_future()
        if self.lost is not None:
            answer.set_exception(self.lost)
            answer.exception()  # looked at, as in `lose`
            return answer
        self._open[self._pipe.write(method, parameters or {}, self.name)] = answer
        return answer

    async def send(self, method: str, parameters: Mapping[str, Any] | None = None) -> Told:
        """A command and its answer. Raises ProtocolError."""
        return await self.post(method, parameters)

    def child(self, name: str) -> Session:
        """The session of a target that has been announced here."""
        return self._pipe.session(name)

    def forget(self, name: str, kind: str) -> None:
        """The target of that session has gone."""
        self._pipe.forget(name, kind)

    def lose(self, message: str, kind: str) -> None:
        """Nothing more will come: whoever waits is told so."""
        first, self.lost = self.lost is None, self.lost or ProtocolError(message, kind)
        waiting, self._open = self._open, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(self.lost)
                answer.exception()  # looked at, so that a command nobody waits for is not complained about
        if first and self.ends is not None:
            self.ends()

    def receive(self, told: Told) -> None:
        """Take one message of this session."""
        if "id" not in told:
            hears = self.hears.get(told["method"])
            if hears is not None:
                hears(told["params"])
            return
        answer = self._open.pop(told["id"], None)
        if answer is None or answer.done():
            return  # nobody waits any more: its deadline has passed
        if "error" in told:
            answer.set_exception(ProtocolError(told["error"].get("message", "refused")))
            answer.exception()
        else:
            answer.set_result(told["result"])


class Pipe(asyncio.Protocol):
    """A browser process and the two file descriptors by which it is spoken to.

    The process leads a process group of its own, ends when the pipe is closed, and is reaped by a thread.
    """

    def __init__(self) -> None:
        self.browser = Session(self, None)
        self.pid = 0
        self.over = asyncio.Event()
        """Set when the process has ended."""
        self._sessions: dict[str | None, Session] = {None: self.browser}
        self._number = 0
        self._heard: list[bytes] = []
        self._writer: asyncio.WriteTransport | None = None
        self._reader: asyncio.ReadTransport | None = None

    @classmethod
    async def start(cls, executable: Path, arguments: Sequence[str]) -> Pipe:
        """Start the program. Raises OSError when it cannot be run."""
        loop = asyncio.get_running_loop()
        pipe = cls()
        # The child's ends are numbered above the places 3 and 4 that they are put into.
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        high_in = fcntl.fcntl(theirs_in, fcntl.F_DUPFD_CLOEXEC, 10)
        high_out = fcntl.fcntl(theirs_out, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            pipe.pid = os.posix_spawn(  # noqa: ASYNC221 - starts the program and waits for nothing
                executable,
                [str(executable), *arguments, "--remote-debugging-pipe"],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_DUP2, high_in, 3),
                    (os.POSIX_SPAWN_DUP2, high_out, 4),
                ],
                setpgroup=0,
            )
        except OSError:
            os.close(ours_in)
            os.close(ours_out)
            raise
        finally:
            os.close(high_in)
            os.close(high_out)
        Thread(target=pipe._reap, args=(loop,), daemon=True, name="reaper").start()
        writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(ours_out, "wb", 0))
        reader, _ = await loop.connect_read_pipe(lambda: pipe, os.fdopen(ours_in, "rb", 0))
        pipe._writer = writer
        pipe._reader = reader
        return pipe

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        if hasattr(os, "waitid"):  # not on every system
            with suppress(ChildProcessError, ProcessLookupError, PermissionError):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
                # Whoever outlives the first of the group is ended while its number cannot be anybody else's yet.
                os.killpg(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(self._ended)

    def _ended(self) -> None:
        self.over.set()
        self._lose("the browser has ended")

    def session(self, name: str) -> Session:
        """The session of this id; made when it is new."""
        if name not in self._sessions:
            self._sessions[name] = Session(self, name)
        return self._sessions[name]

    def forget(self, name: str, kind: str = "tab_closed") -> Session | None:
        """The target of this session has gone."""
        session = self._sessions.pop(name, None)
        if session is not None:
            session.lose("it has been closed", kind)
        return session

    def write(self, method: str, parameters: Mapping[str, Any], session: str | None) -> int:
        """Put one command on the pipe; returns its number."""
        self._number += 1
        message: Told = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(to_json(message) + b"\0")
        return self._number

    def data_received(self, data: bytes) -> None:
        """Cut the stream into messages."""
        *whole, rest = data.split(b"\0")
        before, self._heard = self._heard, []
        if not whole:
            before.append(rest)
            rest, self._heard = b"", before
        if rest:
            self._heard.append(rest)
        if whole and before:
            whole[0] = b"".join((*before, whole[0]))
        for piece in whole:
            # What one message brings about must not take the others with it.
            asyncio.get_running_loop().call_soon(self._receive, piece)

    def _receive(self, message: bytes) -> None:
        try:
            told = from_json(message)
        except ValueError:  # half a surrogate pair, which only this reader takes
            told = json.loads(message)
        session = self._sessions.get(told.get("sessionId"))
        if session is not None:
            session.receive(told)

    def connection_lost(self, _error: Exception | None) -> None:
        """The browser has closed its end."""
        self._lose("the connection to the browser is lost")

    def _lose(self, message: str) -> None:
        for session in list(self._sessions.values()):
            session.lose(message, "browser_dead")
        self._sessions = {None: self.browser}
        for transport in (self._writer, self._reader):
            if transport is not None:
                transport.close()

    @property
    def alive(self) -> bool:
        """Whether the process runs and listens."""
        return self.browser.lost is None

    def kill(self) -> None:
        """End the process and its children without asking."""
        if not self.over.is_set():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._lose("the browser was killed")
