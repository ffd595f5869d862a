"""Checkpoints on this machine: Qwen2, Qwen2.5, Qwen3, Llama and what else transformers reads, with PEFT adapters."""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from webapprentice.core.faults import Fault, FaultError, Owner, UnavailableError, UsageError, border
from webapprentice.core.keys import key_of, seed_for
from webapprentice.core.protocols import Completion, Prompt, Sampling
from webapprentice.core.records import Usage
from webapprentice.models.beginnings import Trie
from webapprentice.models.chat import Chat
from webapprentice.models.checkpoints import key_of_weights, verify_if_signed
from webapprentice.models.config import ModelConfig
from webapprentice.models.decode import Engine, Request, Row
from webapprentice.models.places import folder_of
from webapprentice.page.form import Count

T = TypeVar("T")
_TAIL = 48  # tokens decoded again at each step to look for stop strings
_DECISIVE = {"context", "dtype", "thinking"}
"""Settings that change what a model says."""


class LocalModel:
    """A causal language model with its tokenizer and, when asked for, an adapter that can be swapped at any time.

    All work happens in one thread of its own, in the order it was asked for, so the event loop goes on meanwhile.
    """

    holds_to_beginnings = True
    """It honours `Sampling.beginnings`."""

    def __init__(self, model: Any, chat: Chat, folder: Path, config: ModelConfig) -> None:
        self.chat, self.folder, self.config = chat, folder, config
        self.adapter: Path | None = None
        self._model = model
        self._peft: Any = None
        limit = getattr(model.config, "max_position_embeddings", None) or chat.tokenizer.model_max_length
        self.context: int = min(config.context or limit, limit)
        """Tokens of prompt and answer together."""
        end = model.generation_config.eos_token_id if model.generation_config else None
        self._end = frozenset(chat.end) | set(end if isinstance(end, list) else [] if end is None else [end])
        self._tries = lru_cache(maxsize=256)(partial(_trie, chat))  # not a method: a cycle would keep the weights
        _keep_memory()
        # Thread counts belong to a thread, not to the process: they are set inside the worker.
        self._worker = ThreadPoolExecutor(1, "model", lambda: torch.set_num_threads(config.threads))

    @classmethod
    def open(cls, name: str, config: ModelConfig) -> LocalModel:
        """Load a checkpoint folder, an adapter folder (with the base it names), or a Hugging Face name.

        Raises UsageError when it is no checkpoint, OutputError when its files are damaged.
        """
        transformers.utils.logging.disable_progress_bar()
        folder, adapter = folder_of(name), config.adapter
        if (folder / "adapter_config.json").is_file():
            folder, adapter = _base_of(folder), adapter or folder
        verify_if_signed(folder)
        model, tokenizer = load_weights(folder, *_placed(config), _stretch_of(adapter))
        loaded = cls(model.eval().requires_grad_(False), Chat(tokenizer, config.thinking), folder, config)
        if adapter is not None:
            loaded.use(adapter)
        return loaded

    @property
    def key(self) -> str:
        """Content key of the weights and tokenizer, and of the adapter in use."""
        base = key_of_weights(self.folder)
        if self.adapter is not None:
            base = key_of(base, key_of_weights(self.adapter))
        # What was chosen against the checkpoint's own ways makes another model; what is left alone changes no key.
        chosen = self.config.model_dump(mode="json", include=_DECISIVE, exclude_defaults=True)
        return key_of(base, chosen) if chosen else base

    def use(self, adapter: Path | None) -> None:
        """Answer with this adapter from now on; None: with the weights alone. Waits for answers under way."""
        self._worker.submit(self._use, adapter).result()

    @property
    def count(self) -> Count:
        """Tokens of a piece of text, without any chat template around it."""
        return self.chat.count

    def room(self, prompt: Prompt) -> int:
        """Tokens left for an answer; zero or less when the prompt does not fit."""
        return self.context - len(self.chat.prompt_ids(prompt))

    async def complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        """One completion a prompt, in order.

        Each draws from its sampling's seed and its own prompt, whatever else is in the batch. An answer is cut off
        where the context ends. Raises FaultError `context_overflow` before any work when a prompt leaves no room.
        """
        return await self._in_worker(lambda: self._complete(prompts, samplings))

    async def logprobs(self, prompts: Sequence[Prompt], answers: Sequence[str]) -> list[float]:
        """Log-probability of each answer with its closing token, nats: the chance of saying exactly that."""
        return await self._in_worker(lambda: self._logprobs(prompts, answers))

    def close(self) -> None:
        """Let the thread go; the model cannot be asked any more."""
        self._worker.shutdown()

    async def _in_worker(self, work: Callable[[], T]) -> T:
        with border(Owner.MODEL, "oom", torch.OutOfMemoryError):
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    @property
    def _engine(self) -> Engine:
        return Engine(self._model, self._end, self.config.batch, self.config.prefill_tokens)

    def _complete(self, prompts: Sequence[Prompt], samplings: Sequence[Sampling]) -> list[Completion]:
        began = time.monotonic()
        requests = [self._request(prompt, sampling) for prompt, sampling in zip(prompts, samplings, strict=True)]
        rows = self._engine.answer(requests)
        each = (time.monotonic() - began) / max(len(rows), 1)
        return [self._completion(row, sampling, each) for row, sampling in zip(rows, samplings, strict=True)]

    def _request(self, prompt: Prompt, sampling: Sampling) -> Request:
        ids = self.chat.prompt_ids(prompt)
        self._check_fits(len(ids), 1)
        ended = (lambda tokens: _cut(self.chat.words(tokens[-_TAIL:]), sampling.stop)[1]) if sampling.stop else None
        return Request(
            prompt=ids,
            most=max(1, min(sampling.max_tokens, self.context - len(ids))),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=seed_for(sampling.seed, ids),
            begins=self._tries(sampling.beginnings) if sampling.beginnings else None,
            ended=ended,
        )

    def _completion(self, row: Row, sampling: Sampling, seconds: float) -> Completion:
        text, _ = _cut(self.chat.words([token for token in row.tokens if token not in self._end]), sampling.stop)
        usage = Usage(prompt_tokens=len(row.request.prompt), completion_tokens=len(row.tokens), seconds=seconds)
        return Completion(text=text, logprob=row.logprob, usage=usage, finished=row.finished)

    def _logprobs(self, prompts: Sequence[Prompt], answers: Sequence[str]) -> list[float]:
        opened = [self.chat.prompt_ids(prompt) for prompt in prompts]
        given = [self.chat.answer_ids(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
        for ids, answer in zip(opened, given, strict=True):
            self._check_fits(len(ids), len(answer))
        scores: list[float] = self._engine.score(opened, given)
        return scores

    def _check_fits(self, prompt: int, answer: int) -> None:
        if prompt + answer > self.context:
            message = f"{prompt:,} tokens of prompt and {answer:,} of answer do not fit into {self.context:,}"
            raise FaultError(Fault(owner=Owner.MODEL, kind="context_overflow", message=message))

    def _use(self, adapter: Path | None) -> None:
        # PEFT puts its layers into the model itself, so the same model object answers with and without them.
        if adapter is None:
            if self._peft is not None:
                self._peft.base_model.disable_adapter_layers()
        else:
            verify_if_signed(adapter)
            name = f"a{key_of_weights(adapter)}"
            with border(Owner.MODEL, "bad_adapter"), without_old_names():
                self._put_on(adapter, name)
        self.adapter = adapter

    def _put_on(self, adapter: Path, name: str) -> None:
        from peft import PeftModel

        if self._peft is None:
            self._peft = PeftModel.from_pretrained(self._model, str(adapter), adapter_name=name).eval()
        elif name not in self._peft.peft_config:
            self._peft.load_adapter(str(adapter), adapter_name=name)
        self._peft.base_model.enable_adapter_layers()
        self._peft.set_adapter(name)


def _trie(chat: Chat, beginnings: tuple[str, ...]) -> Trie:
    return Trie.of(chat.ids(chat.lead + text) for text in beginnings)


@contextmanager
def without_old_names() -> Iterator[None]:
    """Keep from the user what one library has to say about another's use of its old names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def limit_of(folder: Path) -> int | None:
    """Tokens that the checkpoint's positions reach, as its configuration says."""
    return getattr(_config_of(folder), "max_position_embeddings", None)


def _config_of(folder: Path) -> Any:
    if not (folder / "config.json").is_file():
        raise UsageError(f"{folder} holds no config.json; give a folder with a transformers checkpoint")
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        line = " ".join(str(error).split())[:200]
        raise UsageError(f"{folder} is no checkpoint that can be loaded: {line}") from error


def load_weights(
    folder: Path, device: str, dtype: torch.dtype, stretch: float = 1.0, quantized: Any = None
) -> tuple[Any, Any]:
    """Model and tokenizer of a checkpoint folder; safetensors only, no code from the folder.

    `stretch` above 1 scales positions linearly, so that the model reaches so many times its limit. `quantized` is a
    transformers configuration of the weights' number format. Raises UsageError when the folder is no complete
    checkpoint.
    """
    config = _config_of(folder)
    if stretch > 1.0:
        config.rope_parameters = {**config.rope_parameters, "rope_type": "linear", "factor": stretch}
        config.max_position_embeddings = int(config.max_position_embeddings * stretch)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **({"quantization_config": quantized, "device_map": {"": device}} if quantized is not None else {}),
        )
    except Exception as error:
        line = " ".join(str(error).split())[:200]
        raise UsageError(f"{folder} is no checkpoint that can be loaded: {line}") from error
    if report["missing_keys"]:
        names = ", ".join(sorted(report["missing_keys"])[:3])
        raise UsageError(f"{folder} lacks {len(report['missing_keys'])} of the model's tensors: {names}")
    return (model if quantized is not None else model.to(device)), tokenizer


@lru_cache(maxsize=1)
def _keep_memory() -> None:
    """Have the C library keep freed memory instead of handing it back and fetching it again at every forward pass.

    Measured: 15 % less time for reading and answering 24 prompts of 250 tokens with a million parameters.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        for option in (-3, -1):  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
            library.mallopt(option, 1 << 30)
        library.mallopt(-8, 1)  # M_ARENA_MAX: the worker shares the main thread's memory


def _placed(config: ModelConfig) -> tuple[str, torch.dtype]:
    gpu = torch.cuda.is_available()
    device = config.device if config.device != "auto" else "cuda" if gpu else "cpu"
    if device.startswith("cuda") and not gpu:
        raise UnavailableError(f"device {device!r} was asked for and there is no GPU; use device=cpu")
    name = config.dtype if config.dtype != "auto" else "float32" if device == "cpu" else "bfloat16"
    return device, getattr(torch, name)


def _stretch_of(adapter: Path | None) -> float:
    """How far positions were stretched when this adapter was trained; 1 for those of others."""
    try:
        told = json.loads((adapter / "report.json").read_text(encoding="utf-8")) if adapter is not None else {}
        return float(told.get("rope_factor", 1.0))
    except (OSError, ValueError, AttributeError, TypeError):
        return 1.0


def _base_of(adapter: Path) -> Path:
    try:
        named = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f"{adapter / 'adapter_config.json'} cannot be read: {error}") from error
    if not named:
        raise UsageError(f"the adapter {adapter} names no base model; load the base with adapter={adapter}")
    beside = adapter / named
    return beside if not Path(named).is_absolute() and (beside / "config.json").is_file() else folder_of(named)


def _cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """The text before the first stop string, and whether there was one."""
    places = [place for place in (text.find(stop) for stop in stops if stop) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)
