"""Floor 2, pure: what one model reads and writes. The same functions make prompts while acting and training rows."""

from webapprentice.dialect.dialect import Dialect, load, prompt_key

__all__ = ["Dialect", "load", "prompt_key"]
