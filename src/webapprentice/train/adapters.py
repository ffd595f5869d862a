"""What of a model is trained: its weights, or an adapter beside them, in PEFT's terms."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from webapprentice.core.faults import UnavailableError, UsageError
from webapprentice.models.checkpoints import verify_if_signed
from webapprentice.train.config import TrainConfig

_TIED = ("lm_head", "embed_tokens")


def adapted(model: Any, config: TrainConfig) -> Any:
    """The model with an adapter that is to be trained.

    Where input embeddings and output layer are one matrix neither gets an adapter: one of the two would be left behind.
    """
    from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training

    if config.quantize != "none":
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=config.gradient_checkpointing)
    if config.adapter is not None:
        verify_if_signed(config.adapter)
        return PeftModel.from_pretrained(model, str(config.adapter), is_trainable=True)
    targets = config.lora_targets if isinstance(config.lora_targets, str) else list(config.lora_targets)
    if isinstance(targets, list) and getattr(model.config, "tie_word_embeddings", False):
        targets = [name for name in targets if name not in _TIED]
    lora = LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=targets,
        modules_to_save=_norms(model) if config.train_norms else None,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, lora)


def _norms(model: Any) -> list[str]:
    """Last names of the modules that are norms."""
    norms = (name for name, module in model.named_modules() if type(module).__name__.endswith("Norm"))
    return sorted({name.rpartition(".")[2] for name in norms})


def restore(model: Any, folder: Path) -> None:
    """Put the trained weights that `save_model` wrote to a folder back into the model."""
    from peft import PeftModel, set_peft_model_state_dict
    from safetensors.torch import load_file

    if isinstance(model, PeftModel):
        set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))
        return
    weights = {name: weight for path in folder.glob("*.safetensors") for name, weight in load_file(path).items()}
    model.load_state_dict(weights, strict=False)  # tied weights are saved once


def quantized(config: TrainConfig, device: str) -> BitsAndBytesConfig | None:
    """How the base is held in 4 bits; None where it is not. Raises UnavailableError without bitsandbytes."""
    if config.quantize == "none":
        return None
    if config.method == "full":
        raise UsageError("quantize=nf4 trains adapters only: set train.method=lora")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise UnavailableError(
            "quantize=nf4 needs bitsandbytes, which is not installed; run: pip install bitsandbytes, or set "
            "train.quantize=none (LoRA on unquantized weights)"
        )
    coarse = torch.float32 if device == "cpu" else torch.bfloat16
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=coarse
    )


def rope_factor(config: TrainConfig, limit: int | None) -> float:
    """How far positions are stretched: 1 where the model's own limit suffices."""
    if config.rope == "none" or config.max_length is None or not limit or config.max_length <= limit:
        return 1.0
    return float(math.ceil(config.max_length / limit))
