"""What a feature of any origin does on text: how active it is, where, and beside which neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from circuit_assert.components import Latent, NamedDictionary, Neuron, Site, Vector
from circuit_assert.measurements.activations import KeepReader
from circuit_assert.measurements.base import Array, Batch, ReadsOnTheWay, Weights, at_role
from circuit_assert.measurements.neurons import unembedding_pieces
from circuit_assert.measurements.outputs import Output, OutputReader
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch

Readable: TypeAlias = Neuron | Latent | Vector
"""Features whose numbers are known; a direction between prompts becomes a vector first."""


@dataclass(frozen=True)
class FeatureActivations(ReadsOnTheWay):
    """A feature's activation at every position: `[unit, pos]`, NaN after a unit's last token.

    A neuron's own, with its sign; a latent's; a vector's projection, its origin not taken off.

    Args:
        feature: The feature.
    """

    feature: Readable
    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return f"activation of {self.feature}"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """The feature's."""
        return (self.feature.site,)

    def last_layer(self, card: Card) -> int:
        """Its own."""
        return self.feature.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What reduces one batch."""
        return KeepReader(lambda activation: activation_of(self.feature, activation))


def activation_of(feature: Readable, activation: torch.Tensor) -> torch.Tensor:
    """A feature's part of its site's activation: `[row, pos, ...]` → `[row, pos]`."""
    import torch

    match feature:
        case Neuron(neuron=number):
            return activation[..., number].float()
        case Latent(latent=number, dictionary=dictionary):
            return dictionary.encode(activation)[..., number]
        case Vector(numbers=numbers):
            vector = torch.tensor(numbers, dtype=torch.float64, device=activation.device)
            return (activation.double() @ (vector / vector.norm())).float()


@dataclass(frozen=True)
class LatentMoments(ReadsOnTheWay):
    """Of every latent, at how many positions it is active and how much in sum: `[unit, latent, 2]`.

    The first position is left out.

    Args:
        dictionary: Whose.
    """

    dictionary: NamedDictionary
    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return f"how often latents of {self.dictionary.name} are active"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """What the dictionary reads."""
        return (self.dictionary.reads,)

    def last_layer(self, card: Card) -> int:
        """Its own."""
        return self.dictionary.reads.layer

    def reader(self, batch: Batch, weights: Weights) -> KeepReader:
        """What reduces one batch."""

        def moments(activation: torch.Tensor) -> torch.Tensor:
            import torch

            found = self.dictionary.encode(activation)[:, 1:]
            return torch.stack([(found > 0).float().sum(1), found.sum(1)], dim=-1)

        return KeepReader(moments)


@dataclass(frozen=True)
class NeuronsBeside(ReadsOnTheWay):
    """Sums that correlate a feature with every neuron up to its layer: `[unit, layer, d_mlp, 3]`.

    Over positions but the first: the neuron's activation, its square, and its product with the
    feature's.

    Args:
        feature: The feature.
        origin: What is taken off its activation, and what is then below 0 set to it; None for the
            activation as it is.
    """

    feature: Readable
    origin: float | None = None
    quantity: ClassVar[str] = "activation"

    def __str__(self) -> str:
        return f"neurons beside {self.feature}"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """The feature's, and all neurons' of the layers up to it."""
        layers = tuple(Site(layer, "mlp_post") for layer in range(self.feature.layer + 1))
        return tuple(dict.fromkeys((*layers, self.feature.site)))

    def last_layer(self, card: Card) -> int:
        """The feature's."""
        return self.feature.layer

    def reader(self, batch: Batch, weights: Weights) -> _BesideReader:
        """What reduces one batch."""
        return _BesideReader(self.feature, self.origin)


class _BesideReader:
    def __init__(self, feature: Readable, origin: float | None) -> None:
        self._feature, self._origin = feature, origin
        self._neurons: dict[int, torch.Tensor] = {}
        self._active: torch.Tensor | None = None

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take the neurons of a layer, or the feature."""
        if site.name == "mlp_post":
            self._neurons[site.layer] = activation[:, 1:].double()
        if site == self._feature.site:
            active = activation_of(self._feature, activation)[:, 1:].double()
            self._active = active if self._origin is None else (active - self._origin).relu()

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """The sums."""
        import torch

        assert self._active is not None  # noqa: S101 - the backend raises when a site is silent
        layers = [
            torch.stack(
                [a.sum(1), a.square().sum(1), torch.einsum("rp,rpn->rn", self._active, a)], dim=-1
            )
            for _, a in sorted(self._neurons.items())
        ]
        return torch.stack(layers, dim=1)


@dataclass(frozen=True)
class LogitWeights:
    """What a feature adds to the logits of ordinary tokens, by the unembedding alone: `[token]`.

    The final norm's gain is folded in, and the vocabulary's mean taken off.

    Args:
        feature: The feature.
    """

    feature: Readable
    quantity: ClassVar[str] = "congruence"

    def __str__(self) -> str:
        return f"logit weights of {self.feature}"

    def compute(self, weights: Weights) -> Array:
        """The dot products."""
        import torch

        written = written_by(self.feature, weights)
        parts = [(piece @ written.to(piece)).cpu() for piece in unembedding_pieces(weights)]
        return torch.cat(parts).double().numpy()


def written_by(feature: Readable, weights: Weights) -> torch.Tensor:
    """What an activation of 1 writes into the residual stream: `[d_model]`."""
    import torch

    match feature:
        case Neuron(layer=layer, neuron=number):
            return weights.neuron_output_weights(layer)[number].float()
        case Latent(latent=number, dictionary=dictionary):
            return dictionary.direction(number).float()
        case Vector(numbers=numbers):
            vector = torch.tensor(numbers, dtype=torch.float64)
            return (vector / vector.norm()).float()


@dataclass(frozen=True)
class TokensLogit(Output):
    """Mean logit of some tokens minus the vocabulary's mean, at one position: `[unit]`.

    Args:
        tokens: Their numbers.
        at: The role.
    """

    tokens: tuple[int, ...]
    at: str = "end"
    quantity: ClassVar[str] = "logits"

    def __str__(self) -> str:
        return f"mean logit of {len(self.tokens)} tokens"

    def final_positions(self, batch: Batch) -> Ints:
        """Where the model answers."""
        return at_role(batch, self.at)

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""

        def score(final: torch.Tensor) -> torch.Tensor:
            import torch

            rows = torch.arange(len(batch.units), device=final.device)
            places = torch.as_tensor(np.asarray(batch.positions(self.at)), device=final.device)
            tokens = torch.tensor(self.tokens, device=final.device)
            here = final[rows, places]
            return weights.centred_logits(here, tokens.expand(len(here), -1)).mean(-1)

        return OutputReader(score)
