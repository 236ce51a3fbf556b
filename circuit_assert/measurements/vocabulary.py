"""How unevenly directions point to tokens: moments of their cosines with the unembedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

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
        written = weights.neuron_output_weights(self.layer)
        return vocabulary_moments(weights, written[list(self.neurons)] if self.neurons else written)


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
        return vocabulary_moments(weights, drawn.to(weights.neuron_output_weights(0)))


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


def vocabulary_moments(weights: Weights, directions: torch.Tensor) -> Array:
    """Variance, skew and kurtosis of each direction's cosines with ordinary tokens: `[n, 3]`.

    Args:
        weights: The model.
        directions: `[n, d_model]`.
    """
    import torch

    along = torch.nn.functional.normalize(directions, dim=-1)
    powers = torch.zeros(4, len(along), dtype=torch.float64)
    count = 0
    for piece in unembedding_pieces(weights):
        cosines = linear(torch.nn.functional.normalize(piece, dim=-1), along).double()
        count += len(piece)
        for power in range(4):
            powers[power] += (cosines ** (power + 1)).sum(0).cpu()
    first, second, third, fourth = powers / count
    variance = (second - first**2).clamp_min(_TINY)
    skew = (third - 3 * first * second + 2 * first**3) / variance**1.5
    kurtosis = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    return torch.stack([variance, skew, kurtosis / variance**2], dim=-1).numpy()
