"""First rows of the code hosting: people, groups, projects and what happened in them, by rule from word lists."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from webapprentice.sites.chance import between, draw, pick, some
from webapprentice.sites.code import words
from webapprentice.sites.code.sources import sources
from webapprentice.sites.site import NOW

RANKS = ("Guest", "Reporter", "Developer", "Maintainer", "Owner")
"""Roles of members, the least first."""
BUSY = {"harbor/gangway": 31, "granary/silo": 27, "lumen/candela": 29, "papermill/quire": 26, "atlas/wayfinder": 25}
"""Projects with more issues than one page shows, and how many."""
HERS = {
    "harbor/gangway": "Owner",
    "harbor/tidelog": "Maintainer",
    "lumen/prism": "Maintainer",
    "atlas/contour": "Developer",
    "granary/thresher": "Maintainer",
    "granary/silo": "Reporter",
    "papermill/quire": "Maintainer",
    "orchard/trellis": "Developer",
}
"""Where the first account, mira, is a member."""

SCHEMA = """
CREATE TABLE users (user TEXT PRIMARY KEY, name TEXT, title TEXT, location TEXT, joined TEXT, status TEXT, bio TEXT);
CREATE TABLE groups (path TEXT PRIMARY KEY, name TEXT, about TEXT);
CREATE TABLE projects (id INTEGER PRIMARY KEY, namespace TEXT, path TEXT, ref TEXT UNIQUE, about TEXT, language TEXT,
  visibility TEXT, license TEXT, stars INTEGER, forks INTEGER, created TEXT, forked_from TEXT);
CREATE TABLE stars (project INTEGER, user TEXT, PRIMARY KEY (project, user));
CREATE TABLE members (project INTEGER, user TEXT, role TEXT, since TEXT, PRIMARY KEY (project, user));
CREATE TABLE files (project INTEGER, path TEXT, body TEXT, PRIMARY KEY (project, path));
CREATE TABLE commits (project INTEGER, sha TEXT, message TEXT, author TEXT, at TEXT, path TEXT, added INTEGER,
  removed INTEGER, PRIMARY KEY (project, sha));
CREATE TABLE labels (project INTEGER, name TEXT, colour TEXT, about TEXT, PRIMARY KEY (project, name));
CREATE TABLE milestones (id INTEGER PRIMARY KEY, project INTEGER, title TEXT, about TEXT, start TEXT, due TEXT,
  state TEXT);
CREATE TABLE issues (id INTEGER PRIMARY KEY, project INTEGER, iid INTEGER, title TEXT, body TEXT, author TEXT,
  assignee TEXT, milestone INTEGER, state TEXT, created TEXT, updated TEXT, UNIQUE (project, iid));
CREATE TABLE issue_labels (issue INTEGER, label TEXT, PRIMARY KEY (issue, label));
CREATE TABLE merges (id INTEGER PRIMARY KEY, project INTEGER, iid INTEGER, title TEXT, body TEXT, author TEXT,
  reviewer TEXT, source TEXT, state TEXT, draft INTEGER, closes INTEGER, approvals TEXT, created TEXT, updated TEXT,
  UNIQUE (project, iid));
CREATE TABLE notes (id INTEGER PRIMARY KEY, kind TEXT, target INTEGER, author TEXT, body TEXT, at TEXT);
CREATE INDEX notes_of ON notes (kind, target);
"""


def build(db: sqlite3.Connection) -> None:
    """Tables and first rows: the same ones every time."""
    db.executescript(SCHEMA)
    for n, (user, name, title, location) in enumerate(words.PEOPLE):
        joined = _day(between(300, 1500, "joined", user))
        _insert(db, "users", user, name, title, location, joined, "", f"{title} in {location}." if n else "")
    for group in words.GROUPS:
        _insert(db, "groups", *group)
    for number, (namespace, path, about, language) in enumerate(words.PROJECTS, 1):
        _project(db, number, namespace, path, about, language)


def _project(db: sqlite3.Connection, number: int, namespace: str, path: str, about: str, language: str) -> None:
    ref = f"{namespace}/{path}"
    personal = namespace in {person[0] for person in words.PEOPLE}
    private = ref in ("kite/pocket-ledger", "quentin/backup-scripts", "mira/reading-list")
    stars = between(0, 40, "stars", ref) if personal else between(30, 2400, "stars", ref)
    _insert(
        db,
        "projects",
        *(number, namespace, path, ref, about, language, "private" if private else "public"),
        *(pick(words.LICENSES, "license", ref), stars, stars // between(6, 15, "forks", ref)),
        *(_day(between(500, 1600, "created", ref)), ""),
    )
    members = _members(db, number, ref, namespace if personal else "")
    for label in words.LABELS:
        _insert(db, "labels", number, *label)
    for name, body in sources(ref, about, language, pick(words.LICENSES, "license", ref)):
        _insert(db, "files", number, name, body)
    _commits(db, number, ref, language, members)
    milestones = _milestones(db, number, ref) if not personal else []
    _issues(db, number, ref, language, members, milestones)
    _merges(db, number, ref, language, members)


def _members(db: sqlite3.Connection, number: int, ref: str, owner: str) -> list[str]:
    others = [person[0] for person in words.PEOPLE if person[0] not in ("mira", owner)]
    chosen = some(others, between(0, 2, "few", ref) if owner else between(4, 7, "many", ref), "members", ref)
    roles = ["Owner", "Maintainer", "Developer", "Developer", "Reporter", "Developer", "Guest"]
    if owner:
        given = {owner: "Owner", **dict.fromkeys(chosen, "Developer")}
    else:
        given = dict(zip(chosen, roles, strict=False))
        if ref in HERS:
            if HERS[ref] == "Owner":
                given[chosen[0]] = "Maintainer"
            given["mira"] = HERS[ref]
    for user, role in given.items():
        _insert(db, "members", number, user, role, _day(between(20, 480, "since", ref, user)))
    return list(given)


def _commits(db: sqlite3.Connection, number: int, ref: str, language: str, members: Sequence[str]) -> None:
    at = NOW - timedelta(days=between(1, 12, "first", ref), minutes=between(0, 500, "minute", ref))
    for n in range(between(11, 34, "commits", ref)):
        part = pick(words.PARTS[language], "part", ref, n)
        message = pick(words.DEEDS, "deed", ref, n).format(part=part)
        added, removed = between(1, 90, "added", ref, n), between(0, 40, "removed", ref, n)
        author = pick((*members, *members[:2]), "author", ref, n)
        file = f"src/{part}.{words.ENDINGS[language]}"
        _insert(db, "commits", number, sha(ref, n), message, author, _time(at), file, added, removed)
        at -= timedelta(days=between(0, 9, "gap", ref, n), minutes=between(7, 600, "rest", ref, n))


def _milestones(db: sqlite3.Connection, number: int, ref: str) -> list[int]:
    major, minor = between(0, 4, "major", ref), between(1, 9, "minor", ref)
    made = []
    for n in range(3):
        start = NOW + timedelta(days=70 * (n - 1) - between(0, 30, "start", ref))
        row = (number, f"Version {major}.{minor + n}", "", _date(start), _date(start + timedelta(days=60)))
        state = "closed" if n == 0 else "open"
        made.append(_insert(db, "milestones", None, *row, state))
    return made


def _issues(
    db: sqlite3.Connection, number: int, ref: str, language: str, members: Sequence[str], milestones: Sequence[int]
) -> None:
    titles = [
        (kind, sentence, part)
        for kind, sentences in (
            ("bug", words.FAULTS),
            ("feature", words.WISHES),
            ("documentation", words.WRITINGS),
            ("maintenance", words.CHORES),
        )
        for sentence in sentences
        for part in words.PARTS[language]
    ]
    count = BUSY.get(ref, between(5, 13, "issues", ref))
    at = NOW - timedelta(days=7 * count + 14)
    people = [person[0] for person in words.PEOPLE]
    for iid, (kind, sentence, part) in enumerate(some(titles, count, "titles", ref), 1):
        key = (ref, iid)
        at = min(
            at + timedelta(days=between(2, 11, "day", *key), minutes=between(0, 700, "minute", *key)), _latest(iid)
        )
        title = sentence.format(Part=part.capitalize(), part=part)
        author = pick((*people, *members, *members), "issue author", *key)
        assignee = pick((*members, ""), "assignee", *key)
        milestone = pick((*milestones, None), "milestone", *key)
        state = "closed" if between(0, 99, "state", *key) < 45 else "open"
        body = f"{title}.\n\nSeen in {ref} on {pick(('Linux', 'macOS', 'Windows', 'Android'), 'os', *key)}."
        made = _insert(
            db, "issues", None, number, iid, title, body, author, assignee, milestone, state, _time(at), _time(at)
        )
        more = ("urgent", "good first issue", "needs discussion")
        for label in (kind, *(one for one in more if between(0, 99, one, *key) < 13)):
            _insert(db, "issue_labels", made, label)
        _notes(db, "issue", made, words.REMARKS, key, at, (*members, author), "issues")


def _merges(db: sqlite3.Connection, number: int, ref: str, language: str, members: Sequence[str]) -> None:
    issues: dict[str, list[int]] = {"open": [], "closed": []}
    for state, iid in db.execute("SELECT state, iid FROM issues WHERE project=? ORDER BY iid", (number,)):
        issues[state].append(iid)
    deeds = [(deed, part) for deed in words.DEEDS for part in words.PARTS[language]]
    count = between(3, 9, "merges", ref)
    at = NOW - timedelta(days=7 * count + 14)
    for iid, (deed, part) in enumerate(some(deeds, count, "merge titles", ref), 1):
        key = (ref, "merge", iid)
        at = min(
            at + timedelta(days=between(2, 10, "day", *key), minutes=between(0, 700, "minute", *key)), _latest(iid)
        )
        author = pick(members, "author", *key)
        reviewer = pick([one for one in members if one != author] or [""], "reviewer", *key)
        state = pick(("open", "open", "merged", "merged", "closed"), "state", *key)
        draft = int(state == "open" and between(0, 99, "draft", *key) < 20)
        related = issues["closed" if state == "merged" else "open"]
        closes = pick(related, "closes", *key) if related and draw("any", *key) % 3 == 0 else None
        body = f"{deed.format(part=part)}, in a few small steps." + (f" Closes #{closes}." if closes else "")
        made = _insert(
            db,
            "merges",
            *(None, number, iid, deed.format(part=part), body, author, reviewer),
            *(f"{part}-{between(10, 99, 'branch', *key)}", state, draft, closes, "", _time(at), _time(at)),
        )
        _notes(
            db, "merge", made, words.REVIEWS, key, at, [one for one in members if one != author] or members, "merges"
        )


def _notes(
    db: sqlite3.Connection,
    kind: str,
    target: int,
    sentences: Sequence[str],
    key: tuple[object, ...],
    at: datetime,
    people: Sequence[str],
    table: str,
) -> None:
    for n, body in enumerate(some(sentences, between(0, 4, "notes", *key), "note", *key)):
        at = min(at + timedelta(hours=between(2, 60, "later", n, *key)), NOW - timedelta(minutes=40 - 10 * n))
        _insert(db, "notes", None, kind, target, pick(people, "by", n, *key), body, _time(at))
        db.execute(f"UPDATE {table} SET updated=? WHERE id=?", (_time(at), target))


def _latest(number: int) -> datetime:
    """The latest that the issue or merge request of this number can have been written: before today, and in order."""
    return NOW - timedelta(hours=26) + timedelta(minutes=number)


def sha(ref: str, number: object) -> str:
    """The short name of a project's commit."""
    return hashlib.blake2b(f"{ref}@{number}".encode(), digest_size=4).hexdigest()


def _insert(db: sqlite3.Connection, table: str, *values: object) -> int:
    marks = ", ".join("?" * len(values))
    return db.execute(f"INSERT INTO {table} VALUES ({marks})", values).lastrowid or 0


def _day(ago: int) -> str:
    return _date(NOW - timedelta(days=ago))


def _date(at: datetime) -> str:
    return at.strftime("%Y-%m-%d")


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


_STATE = {
    "projects": "SELECT id, ref, about, language, visibility, license, stars, forks, forked_from FROM projects",
    "users": "SELECT user, name, status, bio FROM users",
    "starred": "SELECT ref, user FROM stars JOIN projects ON projects.id = project ORDER BY stars.rowid",
    "members": "SELECT ref || ':' || user AS key, ref, user, role FROM members JOIN projects ON projects.id = project",
    "labels": "SELECT ref, name, colour, labels.about FROM labels JOIN projects ON projects.id = project",
    "milestones": """SELECT milestones.id, ref, title, milestones.about, start, due, state FROM milestones
      JOIN projects ON projects.id = project ORDER BY milestones.id""",
    "issues": """SELECT ref || '#' || iid AS key, ref, issues.iid, issues.title, issues.body, author, assignee,
      issues.state, coalesce(milestones.title, '') AS milestone,
      coalesce((SELECT group_concat(label, ', ') FROM (SELECT label FROM issue_labels WHERE issue = issues.id
      ORDER BY label)), '') AS labels FROM issues JOIN projects ON projects.id = issues.project
      LEFT JOIN milestones ON milestones.id = milestone ORDER BY issues.id""",
    "merge_requests": """SELECT ref || '!' || iid AS key, ref, iid, title, author, reviewer, source, state, draft,
      approvals FROM merges JOIN projects ON projects.id = project ORDER BY merges.id""",
    "notes": """SELECT ref || '#' || iid AS key, notes.author, notes.body FROM notes JOIN issues ON issues.id = target
      JOIN projects ON projects.id = project WHERE kind = 'issue' UNION ALL
      SELECT ref || '!' || iid, notes.author, notes.body FROM notes JOIN merges ON merges.id = target
      JOIN projects ON projects.id = project WHERE kind = 'merge'""",
}


def state(db: sqlite3.Connection) -> dict[str, Any]:
    """All there is to know, as lists of flat objects: issues are known by `key` as `harbor/gangway#4`, merge requests
    as `harbor/gangway!2`, members as `harbor/gangway:mira`; the last of each list is the newest."""
    return {name: [dict(row) for row in db.execute(query)] for name, query in _STATE.items()}
