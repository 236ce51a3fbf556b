"""How far a sweep is from what its multiplications alone would take."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.speed.sweeps import Task, swept_ablations
from circuit_assert.models.card import Card

_SIZE = 2048
_TURNS = 5


@dataclass(frozen=True)
class Floor:
    """A sweep beside its floor.

    Args:
        name: Of the sweep.
        needed: Floating-point operations that it cannot do without.
        peak: Floating-point operations a second of a large matrix product, in the same dtype.
        seconds: What the sweep took.
    """

    name: str
    needed: float
    peak: float
    seconds: float

    @property
    def ratio(self) -> float:
        """How many times the floor it took."""
        return self.seconds / (self.needed / self.peak)

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name,
            "needed_flops": self.needed,
            "peak_flops_per_second": self.peak,
            "seconds": self.seconds,
            "times_the_floor": self.ratio,
        }


def of_ablation(task: Task) -> Floor:
    """The all-heads mean-ablation sweep: every head runs its own layer and those above it."""
    started = time.perf_counter()
    swept_ablations(task)
    seconds = time.perf_counter() - started
    card = task.backend.card
    tokens = sum(len(row) for row in task.tokenized.tokens["clean"])
    blocks = sum(card.heads * (card.layers - layer) for layer in range(card.layers))
    needed = float(tokens) * (blocks + card.layers) * flops_of_a_block(card)
    name = f"mean ablation of {card.layers * card.heads} heads, {len(task.prompts)} prompts"
    return Floor(name, needed, peak(), seconds)


def flops_of_a_block(card: Card) -> float:
    """Of one token: two for each weight. Attention scores are left out; they are few here.

    Gated MLPs have three matrices; a card does not say which a model has, and those at hand do.
    """
    attention = card.d_model * card.d_head * (2 * card.heads + 2 * card.kv_heads)
    return 2.0 * (attention + 3 * card.d_model * card.d_mlp)


def peak() -> float:
    """The best of several large float32 products, in operations a second."""
    left, right = torch.randn(_SIZE, _SIZE), torch.randn(_SIZE, _SIZE)
    best = float("inf")
    for _ in range(_TURNS):
        started = time.perf_counter()
        torch.matmul(left, right)
        best = min(best, time.perf_counter() - started)
    return 2.0 * _SIZE**3 / best
