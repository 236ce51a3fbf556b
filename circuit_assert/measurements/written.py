"""What some components write toward an answer, and the norms between that and the logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from circuit_assert.components import MLP, Head, Site
from circuit_assert.errors import PromptError
from circuit_assert.measurements.base import Batch, ReadsOnTheWay, Weights, at_role
from circuit_assert.measurements.outputs import AtAnswer
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch

Writer: TypeAlias = Head | MLP


@dataclass(frozen=True)
class WrittenToward(ReadsOnTheWay):
    """What components write toward the answer and away from the foil: `[unit, component]`.

    z W_O (or what the MLP adds) times the unembedding of the answer minus that of the foil, before
    any norm's scale: the difference of two runs is linear in what was written. Under an ablation it
    is what stands in for the components' output.

    Args:
        components: Heads and MLPs.
        at: The role at which the model answers.
    """

    components: tuple[Writer, ...]
    at: str = "end"
    quantity: ClassVar[str] = "unscaled logits"

    def __str__(self) -> str:
        return f"what {'+'.join(map(str, self.components))} write toward the answer"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """Only where these components are read: a run may resume at the first of them."""
        return tuple(sorted({component.site for component in self.components}))

    def last_layer(self, card: Card) -> int:
        """The last of their layers."""
        return max(component.layer for component in self.components)

    def reader(self, batch: Batch, weights: Weights) -> WrittenReader:
        """What reduces one batch.

        Raises:
            PromptError: when the prompts have no answers or no foils.
        """
        return WrittenReader(self, batch, weights)


class WrittenReader:
    """Projects what components write at one position of each row onto answer minus foil."""

    def __init__(self, measurement: WrittenToward, batch: Batch, weights: Weights) -> None:
        self._components, self._weights = measurement.components, weights
        self._rows, self._positions = np.arange(len(batch.units)), batch.positions(measurement.at)
        self._toward = toward_answer(batch, weights)
        self._written: dict[Writer, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's `z`, `[row, pos, head, d_head]`, or what its MLP adds."""
        here = activation[self._rows, self._positions].float()
        toward = self._toward.to(here)
        for component in self._components:
            if component.site != site:
                continue
            if isinstance(component, Head):
                w_o = self._weights.head_output_weights(site.layer)[component.head]
                self._written[component] = (here[:, component.head] * (toward @ w_o.T)).sum(-1)
            else:
                self._written[component] = (here * toward).sum(-1)

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, component]`."""
        import torch

        return torch.stack([self._written[component] for component in self._components], dim=1)


@dataclass(frozen=True)
class UnscaledLogitDifference(AtAnswer):
    """What leaves the last block times answer minus foil, before the final norm's scale: `[unit]`.

    Args:
        at: The role at which the model answers.
    """

    quantity: ClassVar[str] = "unscaled logits"

    def __str__(self) -> str:
        return "logit difference before the final norm's scale"

    def reader(self, batch: Batch, weights: Weights) -> UnscaledReader:
        """What reduces one batch.

        Raises:
            PromptError: when the prompts have no answers or no foils.
        """
        return UnscaledReader(batch.positions(self.at), toward_answer(batch, weights))


class UnscaledReader:
    """Projects the final residual stream.

    Args:
        positions: `[row]`.
        toward: `[row, d_model]`, answer minus foil.
    """

    def __init__(self, positions: Ints, toward: torch.Tensor) -> None:
        self._positions, self._toward = positions, toward

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Nothing is read on the way."""

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row]`."""
        here = final[np.arange(len(self._positions)), self._positions].float()
        return (here * self._toward.to(here)).sum(-1)


@dataclass(frozen=True)
class NormScales:
    """What norms divide by at the answer's position: `[unit, layer + 1]`.

    That of the norm after each layer's attention, 1 where there is none; last, the final norm's.

    Args:
        at: The role at which the model answers.
    """

    at: str = "end"
    quantity: ClassVar[str] = "norm"

    def __str__(self) -> str:
        return "scales of norms"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """The post-attention scales, where there are such norms."""
        if not weights.has_post_norms:
            return ()
        return tuple(Site(layer, "attn_post_scale") for layer in range(weights.card.layers))

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def final_positions(self, batch: Batch) -> Ints:
        """Where the model answers."""
        return at_role(batch, self.at)

    def reader(self, batch: Batch, weights: Weights) -> ScalesReader:
        """What reduces one batch."""
        return ScalesReader(batch.positions(self.at), weights)


class ScalesReader:
    """Takes note of scales.

    Args:
        positions: `[row]`.
        weights: The model.
    """

    def __init__(self, positions: Ints, weights: Weights) -> None:
        self._rows, self._positions = np.arange(len(positions)), positions
        self._weights = weights
        self._scales: dict[int, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one layer's, `[row, pos, 1]`."""
        self._scales[site.layer] = activation[self._rows, self._positions, 0].float()

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, layer + 1]`."""
        import torch

        last = self._weights.final_scale(final[self._rows, self._positions]).float()
        layers = range(self._weights.card.layers)
        one = torch.ones_like(last)
        return torch.stack([*(self._scales.get(layer, one) for layer in layers), last], dim=1)


def toward_answer(batch: Batch, weights: Weights) -> torch.Tensor:
    """Unembedding of the answer minus that of the foil, the final gain folded in: `[row, d_model]`.

    Raises:
        PromptError: when the prompts have no answers or no foils.
    """
    import torch

    prompts = batch.prompts
    if not len(prompts.answers) or not len(prompts.foils):
        raise PromptError("direct effects need prompts with an answer and a foil each.")
    answers, foils = (torch.from_numpy(t[batch.units]) for t in (prompts.answers, prompts.foils))
    return weights.unembedding(answers) - weights.unembedding(foils)
