"""The wiki's tables and first rows: 117 articles with their history and discussion, always the same."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

from webapprentice.sites.site import NOW, Account
from webapprentice.sites.wiki.markup import Article, links, read, slug_of, write
from webapprentice.sites.wiki.texts import every
from webapprentice.sites.wiki.words import EDITORS, draw

TABLES = """
CREATE TABLE articles (slug TEXT PRIMARY KEY, title TEXT, body TEXT, number INTEGER);
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY, slug TEXT, number INTEGER, author TEXT, created TEXT, summary TEXT, body TEXT
);
CREATE TABLE categories (slug TEXT, name TEXT, PRIMARY KEY (slug, name));
CREATE TABLE links (slug TEXT, target TEXT, PRIMARY KEY (slug, target));
CREATE TABLE talk (id INTEGER PRIMARY KEY, slug TEXT, parent INTEGER, topic TEXT, author TEXT, created TEXT, body TEXT);
CREATE TABLE watching (slug TEXT, user TEXT, PRIMARY KEY (slug, user));
CREATE INDEX revisions_of ON revisions (slug, number);
CREATE INDEX links_to ON links (target);
"""

ACCOUNTS = {
    user: Account(user, f"{user}-2026", name)
    for user, name in (("edda", "Edda Storm"), ("konrad", "Konrad Weiss"), ("lotte", "Lotte Maas"))
}

QUESTIONS = (
    ("Sources", "Where does the oldest date come from? I could not find it in the archive."),
    ("Pictures", "The article needs a picture that was not taken in the rain."),
    ("Figures", "Two books give different figures. Which one do we follow?"),
    ("Spelling", "Older maps spell the name with an e at the end. Should we say so?"),
)
REPLIES = ("The printed edition has it on page {0}.", "I asked the museum and wait for an answer.", "I would say so.")

DAMAGED = {
    "Halvern": ("Population", "9,999,999"),
    "Lake_Visten": ("Depth", "a lot"),
}
"""Articles whose last version is somebody's joke: the fact, and what it says."""


def store(db: sqlite3.Connection, slug: str, title: str, body: str, author: str, created: str, summary: str) -> int:
    """Make a new version of an article, or its first one; the version's number."""
    last = db.execute("SELECT max(number) FROM revisions WHERE slug = ?", (slug,)).fetchone()[0] or 0
    db.execute(
        "INSERT INTO revisions (slug, number, author, created, summary, body) VALUES (?, ?, ?, ?, ?, ?)",
        (slug, last + 1, author, created, summary, body),
    )
    db.execute("INSERT OR REPLACE INTO articles VALUES (?, ?, ?, ?)", (slug, title, body, last + 1))
    db.execute("DELETE FROM categories WHERE slug = ?", (slug,))
    db.execute("DELETE FROM links WHERE slug = ?", (slug,))
    db.executemany("INSERT INTO categories VALUES (?, ?)", [(slug, name) for name in read(body).categories])
    db.executemany("INSERT INTO links VALUES (?, ?)", [(slug, target) for target in links(body)])
    return int(last) + 1


def build(db: sqlite3.Connection) -> None:
    """Tables and first rows."""
    db.executescript(TABLES)
    changes: list[tuple[str, str, str, str, str, str]] = []
    for title, text in every():
        slug = slug_of(title)
        versions = _versions(slug, text)
        days = sorted(draw(60 * 24 * 600, slug, n, "when") for n in range(len(versions)))
        for n, (summary, body) in enumerate(versions):
            created = f"{NOW - timedelta(minutes=90 + days[-1 - n]):%Y-%m-%d %H:%M}"
            author = EDITORS[draw(len(EDITORS), slug, n, "author")]
            changes.append((created, slug, title, body, author, summary))
        if slug in DAMAGED:
            key, value = DAMAGED[slug]
            joke = read(text)
            body = write(Article({**joke.facts, key: value}, joke.sections, joke.categories))
            changes.append(
                (f"2026-03-1{4 + len(slug) % 2} 23:0{len(key) % 10}", slug, title, body, "guest_41", "fixed")
            )
    for created, slug, title, body, author, summary in sorted(changes, key=lambda one: one[0]):
        store(db, slug, title, body, author, created, summary)
    _talk(db)
    for slug in ("Tellby", "Lake_Orsa", "Venn"):
        db.execute("INSERT INTO watching VALUES (?, 'edda')", (slug,))


def _versions(slug: str, text: str) -> list[tuple[str, str]]:
    """Summaries and bodies from the first version to the one of today: an article grows by sections and figures."""
    whole = read(text)
    made = [("Figures brought up to date", text)]
    facts = dict(whole.facts)
    if facts and draw(3, slug, "figures"):
        key, words = next((key, value.split()) for key, value in facts.items())
        number = words[0].replace(",", "")
        if number.isdecimal():
            older = int(number) - 1 - int(number) // 20
            facts[key] = " ".join([f"{older:,}" if "," in words[0] else str(older), *words[1:]])
        made.insert(0, ("Copy edited", write(Article(facts, whole.sections, whole.categories))))
    else:
        made = [("Copy edited", text)]
    for count in range(len(whole.sections) - 1, 1, -1):
        if draw(4, slug, count):
            shorter = write(Article(facts, whole.sections[:count], whole.categories))
            made.insert(0, (f"Section on {whole.sections[count - 1].title.lower()}", shorter))
    return [("New article", made[0][1]), *made[1:]]


def _talk(db: sqlite3.Connection) -> None:
    slugs = [row[0] for row in db.execute("SELECT slug FROM articles ORDER BY slug")]
    for slug in slugs:
        for n in range(draw(3, slug, "topics")):
            topic, body = QUESTIONS[(draw(4, slug) + n) % 4]
            day = NOW - timedelta(minutes=4000 + draw(300_000, slug, n, "talk"))
            author = EDITORS[draw(len(EDITORS), slug, n, "asks")]
            made = db.execute(
                "INSERT INTO talk (slug, parent, topic, author, created, body) VALUES (?, NULL, ?, ?, ?, ?)",
                (slug, topic, author, f"{day:%Y-%m-%d %H:%M}", body),
            )
            for reply in range(draw(3, slug, n, "replies")):
                said = REPLIES[(draw(3, slug, n) + reply) % 3].format(3 + draw(300, slug, n, "page"))
                later = day + timedelta(minutes=60 * (reply + 1))
                author = EDITORS[draw(len(EDITORS), slug, n, reply, "answers")]
                db.execute(
                    "INSERT INTO talk (slug, parent, topic, author, created, body) VALUES (?, ?, ?, ?, ?, ?)",
                    (slug, made.lastrowid, topic, author, f"{later:%Y-%m-%d %H:%M}", said),
                )


def state(db: sqlite3.Connection) -> dict[str, Any]:
    """What a judge may ask: articles with facts, sections and categories, versions, discussion, watch list."""
    articles = []
    for row in db.execute("SELECT * FROM articles ORDER BY slug"):
        found = read(row["body"])
        articles.append(
            {
                "slug": row["slug"],
                "title": row["title"],
                "number": row["number"],
                "facts": dict(found.facts),
                "sections": [{"title": one.title, "text": one.text} for one in found.sections],
                "categories": sorted(found.categories),
            }
        )
    return {
        "articles": articles,
        "revisions": [
            dict(row)
            for row in db.execute("SELECT id, slug, number, author, created, summary FROM revisions ORDER BY id")
        ],
        "talk": [dict(row) for row in db.execute("SELECT * FROM talk ORDER BY id")],
        "watching": [row["slug"] for row in db.execute("SELECT slug FROM watching WHERE user = 'edda' ORDER BY slug")],
    }
