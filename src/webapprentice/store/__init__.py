"""Floor 2: where trajectories live. SQLite and Parquet stay behind this door."""

from webapprentice.store.exports import export_jsonl, export_parquet, export_rows, read_jsonl, write_lines
from webapprentice.store.store import SCHEMA, Episode, Store, unreadable

__all__ = [
    "SCHEMA",
    "Episode",
    "Store",
    "export_jsonl",
    "export_parquet",
    "export_rows",
    "read_jsonl",
    "unreadable",
    "write_lines",
]
