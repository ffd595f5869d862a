"""Any OpenAI-compatible `/embeddings` server."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import httpx
import numpy as np
import numpy.typing as npt

from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.models.config import ModelConfig
from webapprentice.models.endpoint import AGAIN, retry_after

_BATCH = 64
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0  # seconds


class EndpointEmbedder:
    """Vectors from `POST {url}/embeddings`, sixty-four texts a request; cutting long texts is the server's affair.

    Rate limits, server errors and broken connections are tried again until `config.deadline` is over.
    """

    lexical = False

    def __init__(self, url: str, model: str, config: ModelConfig | None = None) -> None:
        self.url, self.model, self.config = url.rstrip("/"), model, config or ModelConfig()

    @property
    def key(self) -> str:
        """Name of the model and of where it is; an endpoint does not tell its weights."""
        return f"{self.url}#{self.model}"

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row of length 1 a text, shape (texts, dimensions). Raises FaultError owned by `model`."""
        with httpx.Client(timeout=self.config.timeout, follow_redirects=False) as client:
            parts = [self._ask(client, texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        if not parts:
            return np.zeros((0, 0), dtype=np.float32)
        if len({part.shape[1] for part in parts}) > 1:
            raise _fault("llm_bad_output", "the endpoint sent vectors of different lengths")
        return np.concatenate(parts)

    def _ask(self, client: httpx.Client, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        until, wait = time.monotonic() + self.config.deadline, _FIRST_WAIT
        secret = os.environ.get(self.config.api_key_env, "")
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        for attempt in range(self.config.retries + 1):
            asked: float | None = None
            try:
                answer = client.post(
                    f"{self.url}/embeddings", json={"model": self.model, "input": list(texts)}, headers=headers
                )
                if answer.status_code < 300:
                    return _vectors(answer, len(texts))
                problem = _fault("llm_refused", f"status {answer.status_code}: {' '.join(answer.text.split())[:200]}")
                if answer.status_code not in AGAIN:
                    raise problem
                asked = retry_after(answer.headers.get("retry-after"))
            except httpx.HTTPError as error:
                problem = _fault("llm_connection", str(error) or type(error).__name__)
            pause = min(asked if asked is not None else wait, _LONGEST_WAIT)
            if attempt == self.config.retries or time.monotonic() + pause > until:
                raise problem
            time.sleep(pause)
            wait *= 2
        raise AssertionError("unreachable")


def _vectors(answer: httpx.Response, count: int) -> npt.NDArray[np.float32]:
    """The rows in the order of the texts. Raises FaultError `llm_bad_output` when they are not of that shape."""
    try:
        rows = sorted(answer.json()["data"], key=lambda row: int(row["index"]))
        vectors = np.array([row["embedding"] for row in rows], dtype=np.float64)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _fault("llm_bad_output", "the endpoint sent no embeddings") from error
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if vectors.ndim == 2 else np.zeros((0, 1))
    if len(lengths) != count or not np.isfinite(lengths).all() or (lengths == 0).any():
        raise _fault("llm_bad_output", f"the endpoint sent {len(lengths)} usable vectors for {count} texts")
    return (vectors / lengths).astype(np.float32)


def _fault(kind: str, message: str) -> FaultError:
    return FaultError(Fault(owner=Owner.MODEL, kind=kind, message=message))
