"""A sparse autoencoder by batch top-k, which becomes a JumpReLU one with one threshold.

Bussmann, Leask & Nanda 2024 (arXiv:2412.06410): the k·n largest activations of a batch of n are
kept; at the end the mean smallest kept activation is every latent's threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

_AUXILIARY = 1 / 32
_DEAD_AFTER = 100_000  # tokens
_REVIVED = 256  # dead latents that try to explain what is left


@dataclass(frozen=True)
class Recipe:
    """How it is trained.

    Args:
        latents: Its width.
        active: Latents per token, on average.
        epochs: How often each token is seen.
        batch: Tokens.
        rate: Adam's learning rate at its highest.
        seed: Of everything random.
    """

    latents: int = 2048
    active: int = 32
    epochs: int = 5
    batch: int = 2048
    rate: float = 1e-3
    seed: int = 0


def collect(
    model: Any, tokenizer: Any, texts: Sequence[str], layer: int, length: int = 128
) -> torch.Tensor:
    """Residual streams leaving a block, float16[token, d_model], the beginning token's left out.

    Args:
        model: A causal language model of transformers, any dtype.
        tokenizer: Its tokenizer.
        texts: Cut into pieces of `length` tokens, each after a beginning token.
        layer: Counts from zero.
        length: Tokens.
    """
    rows: list[list[int]] = []
    for text in texts:
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        pieces = [tokens[i : i + length] for i in range(0, len(tokens), length)]
        rows += [piece for piece in pieces if len(piece) >= 16]
    rows.sort(key=len)
    found: list[torch.Tensor] = []
    hook = model.model.layers[layer].register_forward_hook(_stop)
    for start in range(0, len(rows), 16):
        batch = rows[start : start + 16]
        least = min(map(len, batch))
        tokens = torch.tensor([[tokenizer.bos_token_id, *row[:least]] for row in batch])
        try:
            with torch.no_grad():
                model.model(tokens, use_cache=False)
        except _Stopped as stopped:
            found.append(stopped.stream[:, 1:].flatten(0, 1).to(torch.float16))
    hook.remove()
    return torch.cat(found)


class _Stopped(Exception):  # noqa: N818 - what was wanted, not an error
    def __init__(self, stream: torch.Tensor) -> None:
        self.stream = stream


def _stop(module: object, given: object, output: Any) -> None:
    raise _Stopped(output[0] if isinstance(output, tuple) else output)


def train(streams: torch.Tensor, recipe: Recipe) -> dict[str, torch.Tensor]:
    """Its weights by SAE Lens's names, in the units of the residual stream.

    Args:
        streams: float16[token, d_model].
        recipe: How.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    centre = streams.float().mean(0)
    scale = (streams.float() - centre).norm(dim=1).mean() / streams.shape[1] ** 0.5
    weights = _start(streams.shape[1], recipe, generator)
    optimiser = torch.optim.Adam(weights.values(), lr=recipe.rate, betas=(0.9, 0.99))
    steps = recipe.epochs * (len(streams) // recipe.batch)
    silent = torch.zeros(recipe.latents)
    threshold, step = 0.0, 0
    for _ in range(recipe.epochs):
        order = torch.randperm(len(streams), generator=generator)
        for rows in order.split(recipe.batch)[: len(streams) // recipe.batch]:
            batch = (streams[rows].float() - centre) / scale
            loss, kept = _loss(weights, batch, recipe.active, silent > _DEAD_AFTER)
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate * min(1.0, (step + 1) / 100, 5 * (1 - step / steps))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            with torch.no_grad():
                weights["W_dec"] /= weights["W_dec"].norm(dim=1, keepdim=True)
            silent = torch.where((kept > 0).any(0), 0.0, silent + len(rows))
            least = float(kept[kept > 0].min())
            threshold = least if step == 0 else 0.99 * threshold + 0.01 * least
            if step % 50 == 0:
                dead = float((silent > _DEAD_AFTER).float().mean())
                print(f"{step}/{steps} loss {float(loss.detach()):.4f} dead {dead:.3f}", flush=True)
            step += 1
    return _in_stream_units(weights, threshold, centre, scale)


def _start(d_model: int, recipe: Recipe, generator: torch.Generator) -> dict[str, torch.Tensor]:
    rows = torch.randn(recipe.latents, d_model, generator=generator)
    rows /= rows.norm(dim=1, keepdim=True)
    made = {
        "W_dec": rows,
        "W_enc": rows.T.clone(),
        "b_enc": torch.zeros(recipe.latents),
        "b_dec": torch.zeros(d_model),
    }
    return {name: each.requires_grad_() for name, each in made.items()}


def _loss(
    weights: dict[str, torch.Tensor], batch: torch.Tensor, active: int, dead: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    read = torch.relu((batch - weights["b_dec"]) @ weights["W_enc"] + weights["b_enc"])
    least = read.detach().flatten().topk(active * len(batch)).values[-1]
    kept = torch.where(read >= least, read, 0.0)
    left = batch - kept @ weights["W_dec"] - weights["b_dec"]
    loss = left.square().mean()
    if int(dead.sum()) >= 8:
        asleep = read[:, dead]
        few = min(_REVIVED, asleep.shape[1])
        top = asleep.topk(few, dim=1)
        tried = torch.zeros_like(asleep).scatter(1, top.indices, top.values)
        rest = left.detach() - tried @ weights["W_dec"][dead]
        loss = loss + _AUXILIARY * rest.square().mean()
    return loss, kept.detach()


def _in_stream_units(
    weights: dict[str, torch.Tensor], threshold: float, centre: torch.Tensor, scale: torch.Tensor
) -> dict[str, torch.Tensor]:
    """As if trained on the stream itself, b_dec folded into b_enc, matrices in half precision."""
    w_enc, w_dec = (weights[name].detach().half() for name in ("W_enc", "W_dec"))
    b_dec = weights["b_dec"].detach() * scale + centre
    b_enc = weights["b_enc"].detach() * scale - b_dec @ w_enc.float()
    return {
        "W_enc": w_enc,
        "W_dec": w_dec,
        "b_enc": b_enc,
        "b_dec": b_dec,
        "threshold": (threshold * scale).expand(len(b_enc)).clone(),
    }
