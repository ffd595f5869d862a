"""What the first update trains on, as text."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import AutoTokenizer

from webapprentice.core.records import Example
from webapprentice.models.chat import Chat
from webapprentice.models.local import limit_of
from webapprentice.models.places import folder_of
from webapprentice.train.config import TrainConfig
from webapprentice.train.rows import plan, rows_of


def first_batch(examples: Sequence[Example], config: TrainConfig) -> list[tuple[str, str]]:
    """See `webapprentice.train.preview`."""
    base = folder_of(config.base_model)
    tokenizer = AutoTokenizer.from_pretrained(base, trust_remote_code=False)
    rows, _dropped = rows_of(examples, Chat(tokenizer), config.max_length or limit_of(base) or 1 << 30)
    first = plan([len(row.ids) for row in rows], config.batch_size, 1, config.seed)[0]

    def text(ids: Sequence[int]) -> str:
        return str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))

    return [(text(row.ids[: -row.trained]), text(row.ids[-row.trained :])) for row in (rows[index] for index in first)]
