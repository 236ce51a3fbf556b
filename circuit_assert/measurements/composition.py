"""Composition scores: how much of what a head writes another reads, from weights.

‖W_OV W‖ / (‖W_OV‖ ‖W‖) in Frobenius norms, W being what the later head does with what it reads:
its keys against all queries, its queries against all keys, or its values and outputs. Gains of
the norms before both heads are folded in.

Source: Elhage et al. 2021, A Mathematical Framework for Transformer Circuits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np

from circuit_assert.components import Head
from circuit_assert.measurements.base import Array, Weights
from circuit_assert.measurements.low_rank import low_rank

if TYPE_CHECKING:
    import torch

Via: TypeAlias = Literal["K", "Q", "V"]


@dataclass(frozen=True)
class CompositionScores:
    """Scores of all heads of the layers below with all heads of one layer: `[earlier, later]`.

    Earlier heads are counted through the layers.

    Args:
        layer: The later heads'.
        via: What of the later heads reads.
    """

    layer: int
    via: Via
    quantity: ClassVar[str] = "composition"

    def __str__(self) -> str:
        return f"{self.via}-composition with layer {self.layer}"

    def compute(self, weights: Weights) -> Array:
        """The scores; NaN for a head that reads or writes nothing."""
        import torch

        later = [_reading(weights, head, self.via) for head in _heads(weights, self.layer)]
        rows: list[torch.Tensor] = []
        for layer in range(self.layer):
            for head in _heads(weights, layer):
                written = _written(weights, head)
                rows.append(torch.stack([_score(written, read) for read in later]))
        return torch.stack(rows).cpu().numpy()


@dataclass(frozen=True)
class CompositionByChance:
    """Scores of two heads with a random rotation of the residual stream between them: `[draw]`.

    Args:
        earlier: The head that writes.
        later: The head that reads.
        via: What of it reads.
        draws: How many rotations.
    """

    earlier: Head
    later: Head
    via: Via
    draws: int
    quantity: ClassVar[str] = "composition"

    def __str__(self) -> str:
        return f"{self.via}-composition of {self.earlier} and {self.later} by chance"

    def compute(self, weights: Weights) -> Array:
        """The scores."""
        import torch

        written = _written(weights, self.earlier)
        read = _reading(weights, self.later, self.via)
        sizes, rng = written.norm(dim=1), np.random.default_rng(0)
        found: list[torch.Tensor] = []
        for _ in range(self.draws):
            drawn = torch.from_numpy(rng.standard_normal((written.shape[1], len(sizes))))
            frame = torch.linalg.qr(drawn.to(written))[0].T  # where a rotation may take it
            found.append(_score(sizes[:, None] * frame, read))
        return torch.stack(found).cpu().numpy()


def _written(weights: Weights, head: Head) -> torch.Tensor:
    """S Vᵀ of W_OV = U S Vᵀ: orthogonal directions, as long as the head writes along them."""
    values = weights.head_input_weights(head.layer, "v")[head.head]
    circuit = low_rank(values, weights.head_output_weights(head.layer)[head.head])
    return circuit.sizes.sqrt()[:, None] * circuit.writes


def _reading(weights: Weights, head: Head, via: Via) -> torch.Tensor:
    """U S of what the later head does with what it reads."""
    if via == "V":
        outputs = weights.head_output_weights(head.layer)[head.head]
        circuit = low_rank(weights.head_input_weights(head.layer, "v")[head.head], outputs)
    else:
        queries, keys = (weights.head_input_weights(head.layer, w)[head.head] for w in ("q", "k"))
        circuit = low_rank(keys, queries.T) if via == "K" else low_rank(queries, keys.T)
    return circuit.reads * circuit.sizes.sqrt()


def _score(written: torch.Tensor, read: torch.Tensor) -> torch.Tensor:
    return (written @ read).norm() / (written.norm() * read.norm())


def _heads(weights: Weights, layer: int) -> list[Head]:
    return [Head(layer, head) for head in range(weights.card.heads)]
