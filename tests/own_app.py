"""A small web application such as a user may have: notes, behind a login, that its tests can reset."""

from __future__ import annotations

import json
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

TASKS: list[dict[str, Any]] = [
    {
        "task_id": number,
        "sites": ["notes"],
        "require_login": True,
        "storage_state": None,
        "start_url": "__NOTES__",
        "geolocation": None,
        "intent_template": template,
        "instantiation_dict": {},
        "intent": intent,
        "require_reset": False,
        "eval": {"eval_types": types, "reference_answers": answers, "reference_url": url, "program_html": targets},
        "intent_template_id": number,
    }
    for number, (intent, template, types, answers, url, targets) in enumerate(
        (
            ("What does the first note say?", "first", ["string_match"], {"must_include": ["buy milk"]}, "", []),
            ("Open the page about this app.", "about", ["url_match"], None, "__NOTES__/about", []),
            (
                "Add a note that says call Ann.",
                "add",
                ["program_html"],
                None,
                "",
                [
                    {"url": "__NOTES__/", "locator": "document.querySelector('ol').outerText"}
                    | {"required_contents": {"must_include": ["call Ann", "buy milk"]}},
                    {"url": "last", "locator": "func:site_state('notes', 'notes[-1]')"}
                    | {"required_contents": {"exact_match": "call Ann"}},
                ],
            ),
            (
                "Type bread into the field, and leave it there.",
                "draft",
                ["program_html"],
                None,
                "",
                [
                    {"url": "last", "locator": "document.querySelector('[name=words]').value"}
                    | {"required_contents": {"exact_match": "bread"}},
                ],
            ),
            ("Say how the notes feel.", "feel", ["string_match"], {"fuzzy_match": ["they feel fine"]}, "", []),
        )
    )
]
GOLD = {
    0: ['stop "buy milk"'],
    1: ['click link "About"', "stop"],
    2: ['type textbox "Note" "call Ann"', 'click button "Add"', "stop"],
    3: ['type textbox "Note" "bread"', "stop"],
    4: ['stop "fine"'],
}


class OwnApp:
    """The application, running while entered."""

    def __init__(self) -> None:
        self.notes: dict[str, list[str]] = {}
        self.tickets: set[str] = set()
        self.logins = 0
        self.status = 0
        """Answer everything with this code, if it is one."""
        self.sick_pages: tuple[str, ...] = ()
        """Paths that answer 500."""
        self.broken_reset = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self.close()

    def close(self) -> None:
        """Give its port back."""
        self._server.server_close()

    def write(self, folder: Path, **changes: Any) -> Path:
        """The benchmark file of the application, with its tasks and solutions beside it."""
        (folder / "tasks.json").write_text(json.dumps(TASKS))
        (folder / "gold.yaml").write_text(yaml.safe_dump(GOLD))
        login = {"page": "/login", "user": "ann", "password": "env:NOTES_PASSWORD", "signed_in": "/account"}
        found = {
            "name": "notes",
            "tasks": "tasks.json",
            "gold": "gold.yaml",
            "sites": {"notes": {"url": self.url, "login": login, "health": "/about", "state": "/testing/state"}},
            "reset": {"url": f"{self.url}/testing/reset", "cookie": "testing", "seconds": 5},
            "viewport": [800, 600],
            **changes,
        }
        file = folder / "notes.yaml"
        file.write_text(yaml.safe_dump(found))
        return file


def _answering(app: OwnApp) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            parts, cookies = urlsplit(self.path), SimpleCookie(self.headers.get("Cookie", ""))
            held = {name: morsel.value for name, morsel in cookies.items()}
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if app.status or parts.path in app.sick_pages:
                return self._say("out of order", app.status or 500)
            if parts.path == "/testing/reset":
                if app.broken_reset:
                    return self._say("no", 503)
                session = query.get("session") or f"s{len(app.notes)}"
                app.notes[session] = ["buy milk"]
                return self._say(json.dumps({"session": session}), kind="application/json")
            if parts.path == "/testing/state":
                return self._say(json.dumps({"notes": app.notes[query["session"]]}), kind="application/json")
            if parts.path == "/login" and form:
                app.logins += 1
                if (form.get("user"), form.get("password")) != ("ann", "pw"):
                    return self._say("<p>Wrong</p>")
                ticket = f"t{app.logins}"
                app.tickets.add(ticket)
                return self._say("", 303, place="/", cookie=f"ticket={ticket}; Path=/; HttpOnly")
            if parts.path == "/login":
                fields = '<input name="user"><input name="password" type="password"><button>Go</button>'
                return self._say(f'<h1>Sign in</h1><form method="post">{fields}</form>')
            if held.get("ticket") not in app.tickets:
                return self._say("", 303, place="/login")
            notes = app.notes.setdefault(held.get("testing", ""), ["buy milk"])
            if parts.path == "/add":
                notes.append(form.get("words", ""))
                return self._say("", 303, place="/")
            if parts.path not in ("/", "/account", "/about"):
                return self._say("<h1>Nothing here</h1>", 404)
            rows = "".join(f"<li>{escape(note)}</li>" for note in notes)
            fields = '<label>Note <input name="words"></label><button>Add</button>'
            return self._say(
                f'<title>Notes</title><h1>{parts.path}</h1><a href="/about">About</a><ol>{rows}</ol>'
                f'<form method="post" action="/add">{fields}</form>'
            )

        def _say(
            self, body: str, status: int = 200, kind: str = "text/html", place: str = "", cookie: str = ""
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body.encode())))
            if place:
                self.send_header("Location", place)
            if cookie:
                self.send_header("Set-Cookie", cookie)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the server is silent."""

    return Answer
