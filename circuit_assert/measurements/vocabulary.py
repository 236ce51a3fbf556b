"""How unevenly directions point to tokens: moments of their cosines with the unembedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from circuit_assert.linear import linear
from circuit_assert.measurements.base import Array, Weights
from circuit_assert.measurements.neurons import unembedding_pieces

if TYPE_CHECKING:
    import torch

_TINY = 1e-30


@dataclass(frozen=True)
class VocabularyMoments:
    """Variance, skew and kurtosis of cos(W_U[:, t], w_out) over ordinary tokens: `[neuron, 3]`.

    Skew and kurtosis are means of the third and fourth power of (x − mean) / sd: a normal
    distribution has kurtosis 3. (The authors' repository has a helper that computes x − mean / sd
    instead; that is not what their tables of neurons are made with.)

    Args:
        layer: Whose neurons.
        neurons: Which of them; none means all.

    Source: Gurnee et al. 2024, arXiv:2401.12181, §5.1.
    """

    layer: int
    neurons: tuple[int, ...] = ()
    quantity: ClassVar[str] = "moments"

    def __str__(self) -> str:
        return f"moments over the vocabulary of layer {self.layer}"

    def compute(self, weights: Weights) -> Array:
        """The moments."""
        return self.compute_all(weights, [self])[0]

    @classmethod
    def compute_all(cls, weights: Weights, several: Sequence[Self]) -> list[Array]:
        """The moments of each, in one pass over the vocabulary."""
        return vocabulary_moments(weights, [each._directions(weights) for each in several])

    def _directions(self, weights: Weights) -> torch.Tensor:
        written = weights.neuron_output_weights(self.layer)
        return written[list(self.neurons)] if self.neurons else written


@dataclass(frozen=True)
class RotatedMoments:
    """The same of w_out rotated at random: of random directions, `[draw, 3]`.

    Args:
        draws: How many.
    """

    draws: int = 999
    quantity: ClassVar[str] = "moments"

    def __str__(self) -> str:
        return f"moments over the vocabulary of {self.draws} rotations"

    def compute(self, weights: Weights) -> Array:
        """The moments."""
        import torch

        generator = torch.Generator().manual_seed(0)
        drawn = torch.randn(self.draws, weights.card.d_model, generator=generator)
        return vocabulary_moments(weights, [drawn.to(weights.neuron_output_weights(0))])[0]


@dataclass(frozen=True)
class VocabularyVariances:
    """Variance of cos(W_U[:, t], w_out) over ordinary tokens of all neurons: `[layer, neuron]`.

    As in `VocabularyMoments`, by one matrix of the vocabulary's second moments for all of them.

    Args:
        layers: Whose neurons.
    """

    layers: tuple[int, ...]
    quantity: ClassVar[str] = "moments"

    def __str__(self) -> str:
        return f"variances over the vocabulary of layers {self.layers}"

    def compute(self, weights: Weights) -> Array:
        """The variances."""
        import torch

        size = weights.card.d_model
        second, first = torch.zeros(size, size).double(), torch.zeros(size).double()
        count = 0
        for piece in unembedding_pieces(weights):
            units = torch.nn.functional.normalize(piece, dim=-1)
            second += linear(units.T, units.T).double().cpu()
            first += units.double().sum(0).cpu()
            count += len(units)
        mean = first / count
        spread = second / count - mean[:, None] * mean[None]
        found: list[torch.Tensor] = []
        for layer in self.layers:
            rows = weights.neuron_output_weights(layer).double().cpu()
            along = torch.nn.functional.normalize(rows, dim=-1)
            found.append(((along @ spread) * along).sum(-1).clamp_min(0.0))
        return torch.stack(found).numpy()


def vocabulary_moments(weights: Weights, several: Sequence[torch.Tensor]) -> list[Array]:
    """Variance, skew and kurtosis of directions' cosines with ordinary tokens: `[n, 3]` each.

    Args:
        weights: The model.
        several: Directions, `[n, d_model]` each; the vocabulary is gone through once for all.
    """
    import torch

    along = [torch.nn.functional.normalize(directions, dim=-1) for directions in several]
    powers = [torch.zeros(4, len(directions), dtype=torch.float64) for directions in several]
    count = 0
    for piece in unembedding_pieces(weights):
        units = torch.nn.functional.normalize(piece, dim=-1)
        count += len(piece)
        for directions, sums in zip(along, powers, strict=True):
            sums.add_(_powers(linear(units, directions).double()).cpu())
    return [_moments(sums / count).numpy() for sums in powers]


def _powers(cosines: torch.Tensor) -> torch.Tensor:
    """Sums of the first four powers, `[token, n]` → `[4, n]`; what is given is overwritten."""
    import torch

    squares = cosines.square()
    low = [cosines.sum(0), squares.sum(0)]
    cubes, fourth = cosines.mul_(squares), squares.square_()
    return torch.stack([*low, cubes.sum(0), fourth.sum(0)])


def _moments(powers: torch.Tensor) -> torch.Tensor:
    """Means of the first four powers → variance, skew and kurtosis, `[n, 3]`."""
    import torch

    first, second, third, fourth = powers
    variance = (second - first**2).clamp_min(_TINY)
    skew = (third - 3 * first * second + 2 * first**3) / variance**1.5
    kurtosis = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    return torch.stack([variance, skew, kurtosis / variance**2], dim=-1)
