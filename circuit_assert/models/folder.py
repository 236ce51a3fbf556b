"""Models in a folder of the user's: is it one that can be loaded, and safely?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from circuit_assert.errors import ModelError, ModelValidationError, UnknownModelError
from circuit_assert.models import weights
from circuit_assert.models.card import Card

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")

KEYS: Mapping[str, tuple[str, ...]] = {
    "layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    "heads": ("num_attention_heads", "n_head", "num_heads", "n_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads"),
    "d_model": ("hidden_size", "n_embd", "d_model"),
    "d_head": ("head_dim", "d_head"),
    "d_mlp": ("intermediate_size", "n_inner", "ffn_hidden_size", "ffn_dim"),
    "vocabulary": ("vocab_size",),
    "context": ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"),
}
"""Each size of a card, and what configurations call it."""
_UNGATED = ("gpt2", "gpt_neo", "gpt_neox", "gptj", "opt", "bloom", "falcon", "phi", "starcoder2")


def check_folder(path: str | Path, *, trust_remote_code: bool = False) -> Path:
    """Return a model's folder if it can be loaded without running code that came with it.

    Raises:
        UnknownModelError: when there is no such folder.
        ModelError: when a part is missing, the weights are pickles, or it brings its own code.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise UnknownModelError(f"There is no folder {folder}.")
    missing = problems(folder)
    if missing:
        raise ModelError(f"{folder} cannot be loaded as a model: {'; '.join(missing)}.")
    if not trust_remote_code:
        _refuse_code(folder)
    return folder


def problems(folder: Path) -> list[str]:
    """Say which parts of a model `folder` lacks: configuration, whole weights, tokenizer."""
    found = [] if (folder / CONFIG).is_file() else [f"it has no {CONFIG}"]
    found += _weight_problems(folder)
    if not any((folder / name).is_file() for name in TOKENIZERS):
        found.append(f"it has no tokenizer (none of {', '.join(TOKENIZERS)})")
    return found


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells whether a folder's files have changed, as build tools do: names, sizes, times."""
    files = [(path.name, path.stat()) for path in sorted(folder.iterdir()) if path.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in files)


def read_config(folder: Path) -> dict[str, Any]:
    """Return a model's configuration as it is on the disk, without loading anything.

    Raises:
        ModelValidationError: when it is not a JSON object.
    """
    return _object(folder / CONFIG)


def card_of(config: Mapping[str, Any]) -> Card:
    """Read the sizes that a Hugging Face configuration states, under any of the usual names.

    Raises:
        ModelValidationError: when it states no layers, heads, width, or vocabulary.
    """
    stated: Mapping[str, Any] = config.get("text_config") or config  # a multimodal model's text
    sizes = {size: _first(stated, names) for size, names in KEYS.items()}
    heads, d_model = _required(sizes, "heads"), _required(sizes, "d_model")
    return Card(
        layers=_required(sizes, "layers"),
        heads=heads,
        kv_heads=sizes["kv_heads"] or heads,
        d_model=d_model,
        d_head=sizes["d_head"] or d_model // heads,
        d_mlp=sizes["d_mlp"] or 4 * d_model,
        vocabulary=_required(sizes, "vocabulary"),
        context=sizes["context"],
        mlp_matrices=2 if stated.get("model_type") in _UNGATED else 3,
    )


def _first(config: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((config[name] for name in names if isinstance(config.get(name), int)), None)


def _required(sizes: Mapping[str, int | None], size: str) -> int:
    found = sizes[size]
    if not found:
        raise ModelValidationError(
            f"The configuration states no {size}: it has none of {', '.join(KEYS[size])}. "
            "Only decoder-only language models are supported."
        )
    return found


def _weight_problems(folder: Path) -> list[str]:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        return [_no_safetensors(folder)]
    absent = sorted(_expected(folder, files) - {path.name for path in files})
    damaged = [problem for path in files if (problem := weights.damage(path))]
    return [*(f"{name} is missing" for name in absent), *damaged]


def _no_safetensors(folder: Path) -> str:
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if not pickles:
        return "it has no *.safetensors"
    return (
        f"its only weights are pickles ({pickles[0]}), and loading a pickle can run any code; "
        "load it where you trust it and save it again with save_pretrained, as safetensors"
    )


def _expected(folder: Path, files: list[Path]) -> set[str]:
    """Which weight files must be there: those of the index, or the index itself."""
    index = folder / INDEX
    if index.is_file():
        return set(_object(index).get("weight_map", {}).values())
    whole = any("-of-" not in path.name for path in files)
    return set() if whole else {INDEX}


def _refuse_code(folder: Path) -> None:
    for name in (CONFIG, "tokenizer_config.json"):
        if (folder / name).is_file() and _object(folder / name).get("auto_map"):
            raise ModelError(
                f"{folder} brings Python code of its own (auto_map in {name}), which would run on "
                "this machine. Read it, then pass trust_remote_code=True if you trust it."
            )


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelValidationError(f"{path} is not readable JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ModelValidationError(f"{path} holds no JSON object.")
    return found
