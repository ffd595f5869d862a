"""Any OpenAI-compatible chat endpoint: vLLM, TGI, llama.cpp, or a company's."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import json
import math
import os
import random
import time
from collections.abc import Sequence
from typing import Any

import httpx

from webapprentice.core.faults import Fault, FaultError, Owner
from webapprentice.core.keys import seed_for
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Usage
from webapprentice.models.config import ModelConfig

AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same request may be sent again."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0  # seconds
_LARGEST_BODY = 16_000_000  # bytes
_BYTES_PER_TOKEN = 3  # of page text; English prose has about four


class EndpointModel:
    """A model behind `POST {url}/chat/completions`.

    Rate limits, server errors and broken connections are tried again with growing, jittered waits, or when the server
    says (`Retry-After`), until `deadline`. An answer that comes after its deadline is dropped with its connection.
    """

    def __init__(self, url: str, model: str, config: ModelConfig | None = None) -> None:
        self.url, self.model, self.config = url.rstrip("/"), model, config or ModelConfig()
        self._places: asyncio.Semaphore | None = None
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jitter = random.Random()  # never decides what is said, only when it is asked again
        self.retried = 0
        """Requests that had to be sent again."""
        self.served: set[str] = set()
        """Names of models that answers gave; a second one tells that the server was given another model."""

    @property
    def key(self) -> str:
        """Name of the model and of where it is; an endpoint does not tell its weights."""
        return f"{self.url}#{self.model}"

    def count(self, text: str) -> int:
        """Tokens of a piece of text, estimated on the high side: an endpoint has no way to ask for it."""
        return -(-len(text.encode()) // _BYTES_PER_TOKEN)

    async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        """One completion a prompt, in order, asked for side by side. Raises FaultError owned by `model`."""
        pairs = list(zip(prompts, samplings, strict=True))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._settled(prompt, sampling)) for prompt, sampling in pairs]
        answers = [task.result() for task in tasks]
        for answer in answers:
            if isinstance(answer, FaultError):
                raise answer
        return [answer for answer in answers if isinstance(answer, Completion)]

    async def aclose(self) -> None:
        """Close the connections; the next call opens new ones."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _settled(self, prompt: Prompt, sampling: Sampling) -> Completion | FaultError:
        """The answer or its fault: one that fails does not cancel its neighbours."""
        try:
            return await self._complete(prompt, sampling)
        except FaultError as error:
            return error

    async def _complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        began, fault, attempt = time.monotonic(), None, 0
        client, places = self._opened()
        try:
            async with asyncio.timeout(self.config.deadline):
                while attempt <= self.config.retries:
                    async with places:
                        outcome = await self._ask(client, self._body(prompt, sampling))
                    if isinstance(outcome, dict):
                        self._note(outcome.get("model"))
                        return _completion(outcome, time.monotonic() - began)
                    fault, wait = outcome
                    attempt += 1
                    self.retried += 1
                    if attempt <= self.config.retries:
                        await asyncio.sleep(wait if wait is not None else self._wait(attempt))
        except TimeoutError:
            last = f"; last: {fault.message}" if fault else ""
            kind = fault.kind if fault else "llm_timeout"
            raise _fault(kind, f"no answer within {self.config.deadline:g} s{last}") from None
        assert fault is not None
        raise _fault(fault.kind, f"given up after {attempt} attempts: {fault.message}")

    async def _ask(
        self, client: httpx.AsyncClient, body: dict[str, Any]
    ) -> dict[str, Any] | tuple[Fault, float | None]:
        """The decoded answer, or a fault worth another attempt with the wait the server asked for."""
        try:
            async with asyncio.timeout(self.config.timeout):
                response, text = await self._send(client, body)
        except TimeoutError:
            return Fault(owner=Owner.MODEL, kind="llm_timeout", message=f"no answer in {self.config.timeout:g} s"), None
        except httpx.HTTPError as error:
            line = str(error) or type(error).__name__
            return Fault(owner=Owner.MODEL, kind="llm_connection", message=line), None
        if response.status_code in AGAIN:
            kind = "llm_rate_limit" if response.status_code == 429 else "llm_5xx"
            fault = Fault(owner=Owner.MODEL, kind=kind, message=f"status {response.status_code}: {_short(text)}")
            return fault, retry_after(response.headers.get("retry-after"))
        if response.status_code >= 400:
            overflow = response.status_code in (400, 413, 422) and "context" in text.lower()
            denied = response.status_code in (401, 403, 404)
            kind = "context_overflow" if overflow else "llm_denied" if denied else "llm_refused"
            raise _fault(kind, f"status {response.status_code}: {_short(text)}")
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _fault("llm_bad_output", f"the endpoint sent no JSON: {_short(text)}") from error
        if not isinstance(answer, dict):
            raise _fault("llm_bad_output", f"the endpoint sent no JSON object: {_short(text)}")
        return answer

    async def _send(self, client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[httpx.Response, str]:
        """Response and text, read with a bound on its size."""
        key = os.environ.get(self.config.api_key_env, "")
        headers = {"authorization": f"Bearer {key}"} if key else {}
        async with client.stream("POST", f"{self.url}/chat/completions", json=body, headers=headers) as response:
            data = bytearray()
            async for part in response.aiter_bytes():
                data += part
                if len(data) > _LARGEST_BODY:
                    raise _fault("llm_bad_output", f"the endpoint sent more than {_LARGEST_BODY:,} bytes")
        return response, data.decode("utf-8", "replace")

    def _body(self, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [message.model_dump() for message in prompt],
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed_for(sampling.seed, [message.model_dump() for message in prompt]) >> 1,
        }
        return body | ({"stop": list(sampling.stop)} if sampling.stop else {})

    def _opened(self) -> tuple[httpx.AsyncClient, asyncio.Semaphore]:
        """Client and places of the running loop; connections cannot move from one loop to another."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._places is None or self._loop is not loop:
            limits = httpx.Limits(max_connections=self.config.concurrency)
            self._client = httpx.AsyncClient(timeout=self.config.timeout, limits=limits, follow_redirects=False)
            self._places, self._loop = asyncio.Semaphore(self.config.concurrency), loop
        return self._client, self._places

    def _note(self, name: object) -> None:
        if isinstance(name, str) and name:
            self.served.add(name[:200])

    def _wait(self, attempt: int) -> float:
        return float(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt - 1)) * self._jitter.uniform(0.5, 1.0))


def _completion(answer: dict[str, Any], seconds: float) -> Completion:
    """The completion in a decoded body. Raises FaultError `llm_bad_output` when it is not of the expected shape."""
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"]
        if text is None and choice["message"].get("refusal"):
            raise _fault("llm_refusal", _short(str(choice["message"]["refusal"])))
        if not isinstance(text, str):
            raise TypeError
        spent = answer.get("usage") or {}
        usage = Usage(
            prompt_tokens=int(spent.get("prompt_tokens") or 0),
            completion_tokens=int(spent.get("completion_tokens") or 0),
            seconds=seconds,
        )
        text = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair breaks every file it is put in
        return Completion(text=text, usage=usage, finished=choice.get("finish_reason") != "length")
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise _fault("llm_bad_output", f"no message in the answer: {_short(json.dumps(answer))}") from error


def retry_after(value: str | None) -> float | None:
    """Seconds to wait from a `Retry-After` header: a number of seconds or a date; None when there is none."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (until - datetime.datetime.now(datetime.UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _fault(kind: str, message: str) -> FaultError:
    return FaultError(Fault(owner=Owner.MODEL, kind=kind, message=message))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:197] + "..."
