"""The checkpoint that ships with the package: a tiny model made from nothing by `recipes/seed_model.py`."""

from __future__ import annotations

from pathlib import Path

PATH = Path(__file__).parent
"""Directory that `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained` read."""
