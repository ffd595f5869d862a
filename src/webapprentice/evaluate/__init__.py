"""Floor 4: a model in real pages, attempting or being examined."""

from webapprentice.evaluate.attempts import PoolConfig, attempt_all, dialect_of

__all__ = ["PoolConfig", "attempt_all", "dialect_of"]
