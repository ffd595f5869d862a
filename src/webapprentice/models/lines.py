"""Tokens of long texts, every line counted once: drafts of a page, and pages of a site, share most of their lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tokenizers import Tokenizer

from webapprentice.models.quick import Counter, quick

REMEMBERED: Final = 200_000
"""Lines whose tokens are known at the most."""
_LONGEST = 2000  # characters of a line that is remembered
_BORDERS = (re.compile(r"(?<=\n)(?=[ \t]*\S)"), re.compile(r"(?<=\n)(?=\S)"))
"""Where a text may be cut: before each line that says something or, where a tokenizer's words hold a line break and the
indent after it, only before those that are not indented."""
_PROBE = (
    'The page\n<div class="row" node="4">\nHello, world! 12,5 €\n\n  indented\n\ttabbed \nend. \r\nnext\n'
    "ünï ƶ 漢字\n[12] button 'Save'\n\t[13] link 'More'\n\t\t[14] StaticText 'x'\n  - y\n#don't\n-- 3\n</div>\n<b>"
    "\n\n\nlast"
)


_WORTH = 200_000
"""Characters counted before a quicker way is looked for, which takes half a second with a large vocabulary."""


class LineCounter:
    """How many tokens a tokenizer makes of a text, special tokens aside.

    Where a token never spans the end of a line (the byte-level tokenizers of the Qwen, Llama 3 and GPT families) lines
    are counted apart and remembered; of any other tokenizer the whole text is counted, as it is. After some 200 kB the
    counting itself goes to tiktoken where that gives the same counts (`quick`).
    """

    def __init__(self, tokenizer: Tokenizer, remember: int = REMEMBERED) -> None:
        self._tokenizer = tokenizer
        self._remember = remember
        self._known: dict[str, int] = {}
        self._quick: Counter | None = None
        self._until = _WORTH
        fitting = (border for border in _BORDERS if self._parted(border))
        self._border = next(fitting, None)
        self.additive = self._border is not None

    def __call__(self, text: str) -> int:
        if self._border is None or "\n" not in text:
            return self._sizes([text])[0]
        lines = self._border.split(text)
        known = self._known
        missing = list({line for line in lines if line not in known})
        if not missing:
            return sum(map(known.__getitem__, lines))
        fresh = dict(zip(missing, self._sizes(missing), strict=True))
        total = sum(fresh[line] if line in fresh else known[line] for line in lines)
        if len(known) + len(fresh) > self._remember:
            known.clear()
        known.update((line, size) for line, size in fresh.items() if len(line) <= _LONGEST)
        return total

    def each(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each of many texts; their lines are not remembered."""
        return self._sizes(texts)

    def _sizes(self, texts: Sequence[str]) -> list[int]:
        if self._until > 0:
            self._until -= sum(map(len, texts))
            if self._until <= 0:
                self._quick = quick(self._tokenizer)
        if self._quick is not None:
            return self._quick(texts)
        return [len(one.ids) for one in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _parted(self, border: re.Pattern[str]) -> bool:
        """Whether no word, as the tokenizer cuts a text into words first, goes on beyond one of these borders."""
        cutter = self._tokenizer.pre_tokenizer
        if cutter is None:
            return False
        ends = {end for _word, (_start, end) in cutter.pre_tokenize_str(_PROBE)}
        return all(place.start() in ends for place in border.finditer(_PROBE)) and (
            self._whole(_PROBE) == sum(map(self._whole, border.split(_PROBE)))
        )

    def _whole(self, text: str) -> int:
        return len(self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids)
