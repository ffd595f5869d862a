"""Files of the projects: a page of introduction, settings and sources, short and by rule."""

from __future__ import annotations

from collections.abc import Iterator

from webapprentice.sites.chance import between, pick
from webapprentice.sites.code.words import ENDINGS, PARTS

_FUNCTION = {
    "Go": "package {part}\n\n// Limit is the most entries that are kept.\nconst Limit = {limit}\n\n"
    "func Run(entries []string) int {{\n\tif len(entries) > Limit {{\n\t\tentries = entries[:Limit]\n\t}}\n"
    "\treturn len(entries)\n}}\n",
    "Rust": "/// The most entries that are kept.\npub const LIMIT: usize = {limit};\n\n"
    "pub fn run(entries: &[String]) -> usize {{\n    entries.len().min(LIMIT)\n}}\n",
    "Python": '"""The {part} of {path}."""\n\nLIMIT = {limit}\n\n\ndef run(entries):\n'
    '    """How many entries are kept."""\n    return min(len(entries), LIMIT)\n',
    "TypeScript": "// The most entries that are kept.\nexport const limit = {limit};\n\n"
    "export function run(entries: string[]): number {{\n  return Math.min(entries.length, limit);\n}}\n",
    "Kotlin": "package {part}\n\n// The most entries that are kept.\nconst val LIMIT = {limit}\n\n"
    "fun run(entries: List<String>): Int = minOf(entries.size, LIMIT)\n",
    "C": "/* The most entries that are kept. */\n#define LIMIT {limit}\n\n"
    "int run(int entries)\n{{\n    return entries < LIMIT ? entries : LIMIT;\n}}\n",
}


def sources(ref: str, about: str, language: str, license_name: str) -> Iterator[tuple[str, str]]:
    """Paths and contents of a project's files."""
    path = ref.partition("/")[2]
    parts = PARTS[language]
    ending = ENDINGS[language]
    version = f"{between(0, 4, 'major', ref)}.{between(0, 9, 'v', ref)}.{between(0, 12, 'w', ref)}"
    yield (
        "README.md",
        f"# {path}\n\n{about}.\n\n## Start\n\n    get {path} {version}\n    {path} --help\n\n"
        f"The settings are in `config/defaults.ini`; what each part does is in `docs/parts.md`.\n"
        f"\n## License\n\n{license_name}\n",
    )
    yield "CHANGELOG.md", f"# Changes\n\n## {version}\n\n* {parts[0].capitalize()} and {parts[1]} were made simpler.\n"
    yield (
        "config/defaults.ini",
        f"[{path}]\nversion = {version}\nport = {between(3000, 9900, 'port', ref)}\n"
        f"workers = {between(2, 16, 'workers', ref)}\ntimeout_seconds = {between(5, 90, 'timeout', ref)}\n"
        f"retries = {between(1, 9, 'retries', ref)}\nlog_level = {pick(('info', 'warning', 'debug'), 'log', ref)}\n",
    )
    lines = "\n".join(f"* **{part}**: keeps at most {_limit(ref, part)} entries." for part in parts)
    yield "docs/parts.md", f"# Parts of {path}\n\n{lines}\n"
    for part in parts:
        text = _FUNCTION[language].format(part=part, path=path, limit=_limit(ref, part))
        yield f"src/{part}.{ending}", text
    for part in parts[:2]:
        yield f"tests/test_{part}.{ending}", _FUNCTION[language].format(part=part, path=path, limit=3)


def _limit(ref: str, part: str) -> int:
    return between(10, 900, "limit", ref, part)
