"""Floor 4: a model in real pages, attempting or being examined, here or by workers elsewhere."""

from webapprentice.evaluate.attempts import Named, attempt_all, hired
from webapprentice.evaluate.setting import PoolConfig, dialect_of

__all__ = ["Named", "PoolConfig", "attempt_all", "dialect_of", "hired"]
