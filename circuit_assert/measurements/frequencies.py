"""How frequent tokens are, and whether directions raise them by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from circuit_assert.measurements.base import Array, Weights
from circuit_assert.prompts.base import Ints, Prompts

if TYPE_CHECKING:
    import torch


def token_counts(documents: Prompts, weights: Weights) -> Ints:
    """How often each token is in some documents, beginning tokens left out: `[vocabulary]`."""
    rows = documents.tokenize(weights.tokenizer).tokens["clean"]
    counts = np.bincount(np.concatenate(list(rows)), minlength=weights.card.vocabulary)
    counts[list(weights.tokenizer.beginning)] = 0
    return counts


def unigram_log_probabilities(documents: Prompts, weights: Weights) -> npt.NDArray[np.float64]:
    """Of each token by its frequency alone, in nats: `[vocabulary]`.

    A token seen c times among N, of T kinds, has c / (N + T); those not seen share T / (N + T).

    Source: Witten & Bell 1991, doi:10.1109/18.87000, method C.
    """
    counts = token_counts(documents, weights)
    kinds = int((counts > 0).sum())
    shares = np.where(counts > 0, counts, kinds / max(len(counts) - kinds, 1))
    return np.log(shares / (counts.sum() + kinds))


@dataclass(frozen=True)
class FrequencyCorrelations:
    """Correlation over tokens of what directions add to logits with log frequency: `[n]`.

    Over the ordinary tokens that are seen at all. Directions are the outputs of a layer's neurons,
    or drawn at random: any of these is a rotation of a neuron's output. 0 for a direction that
    adds the same to all.

    Args:
        layer: Whose neurons; None for random directions.
        counted: The documents whose tokens are counted.
        draws: How many random directions.
    """

    layer: int | None
    counted: Prompts
    draws: int = 999
    quantity: ClassVar[str] = "correlation"

    def __str__(self) -> str:
        whose = f"layer {self.layer}" if self.layer is not None else f"{self.draws} rotations"
        return f"correlation of {whose} with the frequency in {self.counted.name}"

    def compute(self, weights: Weights) -> Array:
        """The correlations."""
        import torch

        counts = token_counts(self.counted, weights)
        ordinary = weights.tokenizer.ordinary_tokens()
        seen = ordinary[counts[ordinary] > 0]
        written = self._directions(weights).double()
        numbers = torch.as_tensor(seen, device=written.device)
        added = weights.unembedding(numbers).double() @ written.T
        logs = torch.as_tensor(np.log(counts[seen]), device=written.device)
        added, logs = added - added.mean(0), logs - logs.mean()
        spread = added.norm(dim=0) * logs.norm()
        found = (logs @ added) / spread.clamp_min(torch.finfo(torch.float64).tiny)
        return found.cpu().numpy()

    def _directions(self, weights: Weights) -> torch.Tensor:
        import torch

        if self.layer is not None:
            return weights.neuron_output_weights(self.layer)
        generator = torch.Generator().manual_seed(0)
        drawn = torch.randn(self.draws, weights.card.d_model, generator=generator)
        return drawn.to(weights.neuron_output_weights(0))
