"""Floor 4: a model in real pages, attempting or being examined, here or by workers elsewhere."""

from webapprentice.evaluate.acting import Cast, acting_model, dialect_of, player
from webapprentice.evaluate.attempts import Named, attempt_all, hired
from webapprentice.evaluate.setting import PoolConfig

__all__ = ["Cast", "Named", "PoolConfig", "acting_model", "attempt_all", "dialect_of", "hired", "player"]
