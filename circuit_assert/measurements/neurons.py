"""What neurons write, in tokens; and how far one token stands above others, position by position.

Congruence is the dot product of a neuron's output with a token's unembedding: the final norm's
gain and the post-MLP norm's are folded in, and the unembedding is centred over the vocabulary.
Everything here goes over the vocabulary in pieces, so that a large one takes little memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from circuit_assert.components import Site
from circuit_assert.linear import linear
from circuit_assert.measurements.base import Array, Batch, Weights
from circuit_assert.measurements.outputs import OutputReader
from circuit_assert.models.card import Card

if TYPE_CHECKING:
    import torch

_PIECE = 8192  # tokens at once: 8192 × 2000 directions in float32 is 65 MB
_ROWS = 512  # positions at once: 512 × 21 tokens × 640 in float32 is 28 MB


@dataclass(frozen=True)
class TokensOfNeurons:
    """Congruence of some neurons of one layer with every ordinary token: `[neuron, token]`.

    Tokens are those of the tokenizer's `ordinary_tokens()`, in that order: unused and special
    ones are left out.
    """

    layer: int
    neurons: tuple[int, ...]
    quantity: ClassVar[str] = "congruence"

    def __str__(self) -> str:
        return f"congruence of {len(self.neurons)} neurons of layer {self.layer}"

    def compute(self, weights: Weights) -> Array:
        """The dot products."""
        import torch

        written = weights.neuron_output_weights(self.layer)[list(self.neurons)]
        parts = [linear(piece, written).cpu() for piece in unembedding_pieces(weights)]
        return torch.cat(parts).T.contiguous().numpy()


@dataclass(frozen=True)
class NeuronsOfToken:
    """Congruence of every neuron of a layer with one token: `[d_mlp, 2]`, dot product and cosine.

    Args:
        layer: The layer.
        token: The token's number.
    """

    layer: int
    token: int
    quantity: ClassVar[str] = "congruence"

    def __str__(self) -> str:
        return f"congruence of layer {self.layer} with token {self.token}"

    def compute(self, weights: Weights) -> Array:
        """Dot products and cosines; a neuron that writes nothing has cosine 0."""
        import torch

        written = weights.neuron_output_weights(self.layer)
        token = weights.unembedding(torch.tensor([self.token], device=written.device))[0]
        dots = written @ token
        norms = written.norm(dim=-1) * token.norm()
        cosines = dots / norms.clamp_min(torch.finfo(norms.dtype).tiny)
        return torch.stack([dots, cosines], dim=-1).double().cpu().numpy()


@dataclass(frozen=True)
class BestTokens:
    """Each neuron's most congruent ordinary token: `[d_mlp, 2]`, token and z.

    z is the congruence in standard deviations from the neuron's mean over ordinary tokens, with
    its sign; the best token has the largest |z|.
    """

    layer: int
    quantity: ClassVar[str] = "congruence"

    def __str__(self) -> str:
        return f"best tokens of layer {self.layer}"

    def compute(self, weights: Weights) -> Array:
        """Tokens and z."""
        import torch

        highest, lowest = _extremes(weights, weights.neuron_output_weights(self.layer))
        best = torch.where((highest[:, 1] >= -lowest[:, 1])[:, None], highest, lowest)
        return best.cpu().numpy()


@dataclass(frozen=True)
class LargestCongruence:
    """The largest |z| over ordinary tokens of directions that promote none: `[2, draw]`.

    The first row is of random directions, the second of neurons drawn from the layers below
    `early`; NaN where there are not so many.

    Args:
        early: Layers from this one on are not early.
        draws: How many of each.
    """

    early: int
    draws: int = 999
    quantity: ClassVar[str] = "z"

    def __str__(self) -> str:
        return f"largest |z| of {self.draws} random directions and early neurons"

    def compute(self, weights: Weights) -> Array:
        """The largest |z| of each."""
        import torch

        generator = torch.Generator().manual_seed(0)
        random = torch.randn(self.draws, weights.card.d_model, generator=generator)
        early = self._early_neurons(weights, generator)
        both = torch.cat([random, early.cpu()]).to(early)
        highest, lowest = _extremes(weights, both)
        found = torch.maximum(highest[:, 1], -lowest[:, 1])
        largest = torch.full((2 * self.draws,), float("nan"), dtype=found.dtype)
        largest[: len(found)] = found.cpu()
        return largest.reshape(2, self.draws).numpy()

    def _early_neurons(self, weights: Weights, generator: torch.Generator) -> torch.Tensor:
        import torch

        card = weights.card
        drawn = torch.randperm(self.early * card.d_mlp, generator=generator)[: self.draws]
        rows = [
            weights.neuron_output_weights(layer)[drawn[drawn // card.d_mlp == layer] % card.d_mlp]
            for layer in range(max(self.early, 1))
        ]
        return torch.cat(rows)


@dataclass(frozen=True)
class UnembeddingAxes:
    """What ordinary tokens have in common: `[token, 1 + k]`.

    First the norm of each token's unembedding, then its coordinates along the k directions in
    which unembeddings vary most.
    """

    k: int = 5
    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return f"the {self.k} principal axes of the unembedding"

    def compute(self, weights: Weights) -> Array:
        """Norms and coordinates."""
        import torch

        size = weights.card.d_model
        gram = torch.zeros(size, size, dtype=torch.float64)
        for piece in unembedding_pieces(weights):
            gram += linear(piece.T, piece.T).double().cpu()
        axes = torch.linalg.eigh(gram).eigenvectors[:, -self.k :].flip(1)
        rows = [
            torch.cat([piece.norm(dim=-1, keepdim=True), piece @ axes.to(piece)], dim=-1).cpu()
            for piece in unembedding_pieces(weights)
        ]
        return torch.cat(rows).numpy()


@dataclass(frozen=True)
class TokenContrast:
    """Logit of a token minus the mean logit of others, at every position: `[unit, pos]`.

    Padded with NaN after a unit's last token.

    Args:
        token: The token's number.
        others: Those it is compared with.
    """

    token: int
    others: tuple[int, ...]
    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return f"logit of token {self.token} minus that of {len(self.others)} others"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """None: the final residual stream is enough."""
        return ()

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""

        def score(final: torch.Tensor) -> torch.Tensor:
            import torch

            tokens = torch.tensor([self.token, *self.others], device=final.device)
            parts = [
                weights.token_logits(rows, tokens.expand(len(rows), -1))
                for rows in final.reshape(-1, final.shape[-1]).split(_ROWS)
            ]
            logits = torch.cat(parts).reshape(*final.shape[:2], -1)
            return logits[..., 0] - logits[..., 1:].mean(-1)

        return OutputReader(score)


@dataclass(frozen=True)
class CongruenceScores:
    """Each neuron's largest congruence with an ordinary token: `[d_mlp, 4]`.

    The token, the dot product, its z over ordinary tokens, and the sign that the neuron is taken
    with: a gated neuron is the same when its activation and its output are negated, so that its
    largest |dot product| counts.

    Source: Neo, Cohen & Barez 2024, arXiv:2402.15055, §3.
    """

    layer: int
    quantity: ClassVar[str] = "congruence"

    def __str__(self) -> str:
        return f"congruence scores of layer {self.layer}"

    def compute(self, weights: Weights) -> Array:
        """Tokens, dot products, z and signs."""
        import torch

        written = weights.neuron_output_weights(self.layer)
        found: list[torch.Tensor] = []
        for sign, extreme in zip((1, -1), _extremes(weights, written), strict=True):
            rows = weights.unembedding(extreme[:, 0].long().to(written.device))
            dots = sign * (rows * written).sum(-1).double().cpu()
            signs = torch.full_like(dots, sign)
            found.append(torch.stack([extreme[:, 0], dots, sign * extreme[:, 1], signs], dim=-1))
        highest, lowest = found
        if not weights.has_gated_mlps:
            return highest.numpy()
        return torch.where((lowest[:, 1] > highest[:, 1])[:, None], lowest, highest).numpy()


def _extremes(weights: Weights, directions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The ordinary tokens with the highest and lowest z of each direction: `[n, 2]` each.

    Two numbers: the token and its z.
    """
    import torch

    ordinary = torch.from_numpy(weights.tokenizer.ordinary_tokens())
    n = len(directions)
    total = torch.zeros(2, n, dtype=torch.float64)
    best = torch.full((2, n), -torch.inf, dtype=torch.float64)
    where = torch.zeros(2, n, dtype=torch.int64)
    start = 0
    for piece in unembedding_pieces(weights):
        read = linear(piece, directions)
        total += torch.stack([read.sum(0), read.square().sum(0)]).double().cpu()
        for row, (values, index) in enumerate((read.max(0), read.min(0))):
            value = values.double().cpu() * (1, -1)[row]
            better = value > best[row]
            best[row] = torch.where(better, value, best[row])
            where[row] = torch.where(better, index.cpu() + start, where[row])
        start += len(piece)
    mean = total[0] / len(ordinary)
    spread = (total[1] / len(ordinary) - mean**2).clamp_min(0).sqrt()
    spread = spread.clamp_min(torch.finfo(torch.float32).tiny)
    highest = torch.stack([ordinary[where[0]].double(), (best[0] - mean) / spread], dim=-1)
    lowest = torch.stack([ordinary[where[1]].double(), (-best[1] - mean) / spread], dim=-1)
    return highest, lowest


def unembedding_pieces(weights: Weights) -> Iterator[torch.Tensor]:
    """The unembedding of ordinary tokens, `[n, d_model]` at a time."""
    import torch

    for tokens in torch.from_numpy(weights.tokenizer.ordinary_tokens()).split(_PIECE):
        yield weights.unembedding(tokens)
