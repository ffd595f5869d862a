"""The forum's tables and first rows: twelve boards, 126 threads and their comments, always the same."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from webapprentice.sites.forum.words import ANSWERS, BOARDS, BODIES, COMMENTS, PEOPLE, SPECIAL, TITLES
from webapprentice.sites.site import NOW, Account

TABLES = """
CREATE TABLE users (name TEXT PRIMARY KEY, full_name TEXT, bio TEXT, joined TEXT);
CREATE TABLE boards (name TEXT PRIMARY KEY, title TEXT, description TEXT);
CREATE TABLE moderators (board TEXT, user TEXT, PRIMARY KEY (board, user));
CREATE TABLE subscriptions (board TEXT, user TEXT, PRIMARY KEY (board, user));
CREATE TABLE threads (
    id INTEGER PRIMARY KEY, board TEXT, author TEXT, title TEXT, body TEXT, link TEXT, created TEXT, edited TEXT,
    ups INTEGER, downs INTEGER, locked INTEGER DEFAULT 0, pinned INTEGER DEFAULT 0, gone TEXT DEFAULT ''
);
CREATE TABLE comments (
    id INTEGER PRIMARY KEY, thread INTEGER, parent INTEGER, author TEXT, body TEXT, created TEXT, edited TEXT,
    ups INTEGER, downs INTEGER, gone TEXT DEFAULT ''
);
CREATE TABLE votes (kind TEXT, item INTEGER, user TEXT, value INTEGER, PRIMARY KEY (kind, item, user));
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, sender TEXT, receiver TEXT, subject TEXT, body TEXT, sent TEXT, unread INTEGER
);
CREATE INDEX threads_of ON threads (board);
CREATE INDEX comments_of ON comments (thread);
CREATE VIEW listed AS SELECT threads.*,
    ups - downs + coalesce((SELECT sum(value) FROM votes WHERE kind = 't' AND item = threads.id), 0) AS score,
    (SELECT count(*) FROM comments WHERE thread = threads.id AND comments.gone = '') AS comments
FROM threads WHERE gone = '';
CREATE VIEW replies AS SELECT comments.*,
    ups - downs + coalesce((SELECT sum(value) FROM votes WHERE kind = 'c' AND item = comments.id), 0) AS score
FROM comments;
"""

ACCOUNTS = {
    user: Account(user, f"{user}-2026", name, role)
    for user, name, role in (("mira", "Mira Lind", "user"), ("otto", "Otto Brandt", "moderator"))
}

MINE = ("gardening", "houseplants", "birding")
"""Boards that the first account reads."""

MESSAGES = (
    (
        "otto",
        "mira",
        "Moderating houseplants",
        "Thank you for helping out on the houseplants board.",
        "2026-03-09 10:00",
    ),
    ("noor", "mira", "Cutting swap", "I have a spare spider plant. Shall we meet on 28 March?", "2026-03-14 19:25"),
    ("selma", "mira", "Oven question", "What temperature do you bake the rye loaf at?", "2026-03-15 08:10"),
    ("mira", "noor", "Seeds", "Do you still have seeds of the blue beans?", "2026-03-02 21:00"),
)


def draw(below: int, *key: object) -> int:
    """A whole number from 0 to `below`, the same one for the same key."""
    return crc32("/".join(map(str, key)).encode()) % below


def build(db: sqlite3.Connection) -> None:
    """Tables and first rows."""
    db.executescript(TABLES)
    for n, (user, name, bio) in enumerate(PEOPLE):
        joined = f"20{18 + n % 7}-{1 + draw(12, user, 'month'):02}-{1 + draw(28, user, 'day'):02}"
        db.execute("INSERT INTO users VALUES (?, ?, ?, ?)", (user, name, bio, joined))
    for name, title, description, _ in BOARDS:
        db.execute("INSERT INTO boards VALUES (?, ?, ?)", (name, title, description))
        db.execute("INSERT INTO moderators VALUES (?, 'otto')", (name,))
        for user, _, _ in PEOPLE:
            if name in MINE if user == "mira" else draw(100, name, user, "reads") < 30 + draw(50, name):
                db.execute("INSERT INTO subscriptions VALUES (?, ?)", (name, user))
    db.execute("INSERT INTO moderators VALUES ('houseplants', 'mira')")
    for sender, receiver, subject, body, sent in MESSAGES:
        db.execute(
            "INSERT INTO messages (sender, receiver, subject, body, sent, unread) VALUES (?, ?, ?, ?, ?, ?)",
            (sender, receiver, subject, body, sent, int(receiver == "mira" and sent > "2026-03-10")),
        )
    _threads(db)


def _threads(db: sqlite3.Connection) -> None:
    users = [user for user, _, _ in PEOPLE]
    made: list[tuple[str, str, str, str, str, str, str]] = []
    for board, _, _, subjects in BOARDS:
        for n, subject in enumerate(subjects.split("|")):
            key = f"{board}/{subject}"
            title = TITLES[(n + draw(10, board)) % len(TITLES)].format(subject)
            body = BODIES[draw(len(BODIES), key, "body")].format(subject, 2 + draw(28, key, "number"))
            author = users[1 + draw(len(users) - 1, key, "author")]
            when = NOW - timedelta(minutes=200 + draw(60 * 24 * 160, key, "age"))
            made.append((board, author, title, body, "", f"{when:%Y-%m-%d %H:%M}", subject))
    for board, author, title, body, link, created in SPECIAL:
        made.append((board, author, title, body.format("", 3 + draw(20, title)), link, created, "trip"))
    made.sort(key=lambda one: one[5])
    for board, author, title, body, link, created, subject in made:
        spam = title.isupper() or "CHEAP" in title
        ups, downs = (1, 14) if spam else (3 + draw(140, title, board, "ups"), draw(25, title, board, "downs"))
        thread = db.execute(
            "INSERT INTO threads (board, author, title, body, link, created, edited, ups, downs) "
            "VALUES (?, ?, ?, ?, ?, ?, '', ?, ?)",
            (board, author, title, body, link, created, ups, downs),
        ).lastrowid
        _comments(db, thread or 0, title + board, subject, created, users)
    for title, author, text, created in ANSWERS:
        db.execute(
            "INSERT INTO comments (thread, author, body, created, edited, ups, downs) "
            "SELECT id, ?, ?, ?, '', 2, 0 FROM threads WHERE title = ?",
            (author, text, created, title),
        )


def _comments(db: sqlite3.Connection, thread: int, key: str, subject: str, since: str, users: list[str]) -> None:
    made: list[int] = []
    moment = datetime.fromisoformat(since)
    for n in range(draw(13, key, "comments")):
        moment = min(moment + timedelta(minutes=7 + draw(600, key, n, "wait")), NOW - timedelta(minutes=5))
        parent = made[draw(len(made), key, n, "to")] if made and draw(10, key, n, "nested") < 4 else None
        text = COMMENTS[(draw(12, key) + n) % len(COMMENTS)].format(subject, 2 + draw(9, key, n, "number"))
        author = users[1 + draw(len(users) - 1, key, n, "author")]
        found = db.execute(
            "INSERT INTO comments (thread, parent, author, body, created, edited, ups, downs) "
            "VALUES (?, ?, ?, ?, ?, '', ?, ?)",
            (
                thread,
                parent,
                author,
                text,
                f"{moment:%Y-%m-%d %H:%M}",
                draw(30, key, n, "up"),
                draw(18, key, n, "down"),
            ),
        )
        made.append(found.lastrowid or 0)


def state(db: sqlite3.Connection) -> dict[str, Any]:
    """What a judge may ask: threads, comments, messages, and what the signed-in user has chosen."""

    def rows(query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in db.execute(query)]

    return {
        "users": rows("SELECT name, full_name, bio FROM users"),
        "threads": rows(
            "SELECT threads.*, threads.ups - threads.downs + coalesce((SELECT sum(value) FROM votes WHERE kind = 't' "
            "AND item = threads.id), 0) AS score FROM threads ORDER BY id"
        ),
        "comments": rows("SELECT * FROM replies ORDER BY id"),
        "messages": rows("SELECT * FROM messages ORDER BY id"),
        "votes": rows("SELECT * FROM votes ORDER BY user, kind, item"),
        "subscriptions": [row["board"] for row in db.execute("SELECT board FROM subscriptions WHERE user = 'mira'")],
    }
