"""Formats of dictionaries: SAE Lens folders, Gemma Scope's `params.npz`, plain safetensors.

As written by SAE Lens 6 (github.com/jbloomAus/SAELens, sae_lens/saes/*.py and its `cfg.json`; older
ones keep `hook_name` outside of `metadata` and name the activation in `activation_fn_str`) and by
Lieberum et al. 2024, Gemma Scope (arXiv:2408.05147). Nothing of these libraries is imported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from circuit_assert.components import Site
from circuit_assert.dictionaries.encoders import (
    Encoder,
    Floats,
    Gate,
    Jump,
    Matrices,
    Rectified,
    Top,
)
from circuit_assert.dictionaries.tensors import tensors_of
from circuit_assert.errors import ComponentError

_HOOKS = {
    "hook_resid_pre": "resid_pre",
    "hook_resid_mid": "resid_mid",
    "hook_resid_post": "resid_post",
    "hook_attn_out": "attn_out",
    "hook_mlp_in": "mlp_read",
    "hook_mlp_out": "mlp_out",
}
_HOOK = re.compile(r"blocks\.(\d+)\.(\w+)")
_KINDS = ("standard", "gated", "jumprelu", "topk", "batchtopk", "transcoder", "jumprelu_transcoder")
_GATED = ("b_gate", "r_mag", "b_mag")


@dataclass(frozen=True)
class Read:
    """What a file says: what is computed, and where, as far as it says so.

    Args:
        name: What sentences call it.
        encoder: What it computes.
        reads: The site; None where the file does not say.
        writes: The site; None where the file does not say.
    """

    name: str
    encoder: Encoder
    reads: Site | None = None
    writes: Site | None = None


def read_dictionary(path: Path) -> Read:
    """A dictionary from a SAE Lens folder, a `params.npz`, or a safetensors file.

    Args:
        path: A folder with `sae_weights.safetensors` and `cfg.json`; or a `.npz` or
            `.safetensors` with W_enc, b_enc, W_dec, b_dec and perhaps threshold, or b_gate, r_mag
            and b_mag, or k.

    Raises:
        ComponentError: when it cannot be read, or uses what is not supported, with the reason.
    """
    if path.is_dir():
        return _sae_lens(path)
    tensors = tensors_of(path)
    name = path.parent.name if path.stem in ("params", "sae_weights") else path.stem
    return Read(name, _plain(tensors, str(path)))


def _plain(tensors: Mapping[str, Floats], where: str) -> Matrices:
    if all(name in tensors for name in _GATED):
        return _matrices(tensors, "gated", {}, where)
    if "threshold" in tensors:
        return _matrices(tensors, "jumprelu", {}, where)
    if "k" in tensors:
        return _matrices(tensors, "topk", {"k": int(tensors["k"])}, where)
    return _matrices(tensors, "standard", {}, where)


def _sae_lens(folder: Path) -> Read:
    config = folder / "cfg.json"
    if not config.is_file():
        raise ComponentError(f"{folder} is no SAE Lens folder: it has no cfg.json.")
    said: dict[str, Any] = json.loads(config.read_text(encoding="utf-8"))
    said = {**said.get("metadata", {}), **said}
    _refuse(said, folder)
    kind = str(said.get("architecture", "standard"))
    if kind == "standard" and said.get("activation_fn_str", "relu") == "topk":
        kind = "topk"
    tensors = tensors_of(folder / "sae_weights.safetensors")
    if kind == "batchtopk" and "threshold" not in tensors:
        raise ComponentError(
            f"{folder} is a batch top-k dictionary without a threshold, so what it makes of one "
            f"token depends on the others of its batch: save it for inference first."
        )
    reads = _site(said.get("hook_name"), folder)
    writes = _site(said.get("hook_name_out") or said.get("hook_name"), folder)
    return Read(folder.name, _matrices(tensors, kind, said, str(folder)), reads, writes)


def _refuse(said: Mapping[str, Any], folder: Path) -> None:
    kind = said.get("architecture", "standard")
    if kind not in _KINDS:
        raise ComponentError(
            f"{folder} is of the architecture {kind!r}; supported are {', '.join(_KINDS)}."
        )
    normalised = said.get("normalize_activations", "none")
    if normalised not in (None, "none"):
        raise ComponentError(
            f"{folder} has normalize_activations={normalised!r}: its latents are of activations "
            f"rescaled by a factor that is not in the file, or differs between tokens. Fold it "
            f"into the weights (SAE.fold_activation_norm_scaling_factor) and save it again."
        )
    reshaped = said.get("reshape_activations", "none")
    if reshaped not in (None, "none"):
        raise ComponentError(f"{folder} has reshape_activations={reshaped!r}: not supported.")
    if said.get("hook_head_index") is not None:
        raise ComponentError(f"{folder} reads a single head: not supported.")
    activation = said.get("activation_fn_str", "relu")
    if activation not in ("relu", "topk"):
        raise ComponentError(f"{folder} has the activation {activation!r}: relu or topk.")


def _matrices(
    tensors: Mapping[str, Floats], kind: str, said: Mapping[str, Any], where: str
) -> Matrices:
    needed = ["W_enc", "W_dec", "b_dec", *(_GATED if kind == "gated" else ["b_enc"])]
    needed += ["threshold"] if "jumprelu" in kind or kind == "batchtopk" else []
    missing = [name for name in needed if name not in tensors]
    if missing:
        raise ComponentError(
            f"{where} has no {', '.join(missing)}, which a {kind} dictionary needs; it has "
            f"{', '.join(sorted(tensors)) or 'nothing'}."
        )
    W_dec = tensors["W_dec"]
    zeros = np.zeros(tensors["W_enc"].shape[-1], np.float32)
    scaling = tensors.get("scaling_factor")
    if said.get("finetuning_scaling_factor") and scaling is not None:
        raise ComponentError(f"{where} has a finetuning scaling factor: fold it into W_dec first.")
    match kind:
        case "gated":
            activation = Gate(tensors["b_gate"], tensors["r_mag"], tensors["b_mag"])
        case "jumprelu" | "jumprelu_transcoder" | "batchtopk":
            activation = Jump(tensors["threshold"])
        case "topk":
            k = said.get("k") or said.get("activation_fn_kwargs", {}).get("k")
            if not k:
                raise ComponentError(f"{where} is top-k and does not say what k is.")
            rescaled = bool(said.get("rescale_acts_by_decoder_norm"))
            norms = np.linalg.norm(W_dec, axis=1).astype(np.float32) if rescaled else None
            activation = Top(int(k), norms)
        case _:
            activation = Rectified()
    return Matrices(
        W_enc=tensors["W_enc"],
        b_enc=zeros if kind == "gated" else tensors["b_enc"],
        W_dec=W_dec,
        b_dec=tensors["b_dec"],
        activation=activation,
        subtracts=bool(said.get("apply_b_dec_to_input", False)) and "transcoder" not in kind,
    )


def _site(hook: object, folder: Path) -> Site | None:
    if not hook:
        return None
    match = _HOOK.fullmatch(str(hook))
    if not match or match.group(2) not in _HOOKS:
        raise ComponentError(
            f"{folder} is made for {hook!r}; supported are "
            f"{', '.join(f'blocks.N.{name}' for name in _HOOKS)}."
        )
    return Site(int(match.group(1)), _HOOKS[match.group(2)])  # pyright: ignore[reportArgumentType]
