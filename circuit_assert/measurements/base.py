"""What a measurement is: the activations of a run → one score per unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from circuit_assert.components import Site
from circuit_assert.interventions import Intervention
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints, Prompts, Side, TokenizedPrompts, Tokenizer

if TYPE_CHECKING:
    import torch

Array: TypeAlias = npt.NDArray[np.floating]


class Weights(Protocol):
    """The part of a loaded model that measurements may use besides activations."""

    @property
    def card(self) -> Card:
        """Its sizes."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of weights, processing flags and dtype."""
        ...

    @property
    def has_post_norms(self) -> bool:
        """Whether attention outputs are normalised before they join the residual stream."""
        ...

    @property
    def caps_logits(self) -> bool:
        """Whether logits are bent towards a largest value, so that they are no sum of parts."""
        ...

    def generate(
        self,
        tokens: torch.Tensor,
        steps: int,
        *,
        site: Site | None = None,
        vectors: torch.Tensor | None = None,
        draws: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The tokens that follow rows of equal length: `[batch, pos]` → `[batch, steps]`."""
        ...

    def log_probabilities(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """log p of k tokens each, in nats: `[n, d_model]`, `[n, k]` → `[n, k]`."""
        ...

    def token_logits(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Logits of k tokens each: `[n, d_model]`, `[n, k]` → `[n, k]`."""
        ...

    def centred_logits(self, residual: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """The same minus the vocabulary's mean logit."""
        ...

    def top_tokens(self, residual: torch.Tensor, k: int) -> torch.Tensor:
        """The k tokens with the largest logits: `[n, d_model]` → `[n, k]`."""
        ...

    def all_logits(self, residual: torch.Tensor) -> torch.Tensor:
        """Logits of every token: `[n, d_model]` → `[n, vocabulary]`."""
        ...

    def entropy(self, residual: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
        """Of the next token's distribution, in nats: `[n, d_model]` → `[n]`.

        With `scale`, `[n]`, the final norm divides by that instead of its own.
        """
        ...

    def divergence(self, residual: torch.Tensor, logs: torch.Tensor) -> torch.Tensor:
        """KL divergence of the next token's distribution to another, in nats.

        `[n, d_model]` and log q of each token, `[vocabulary]` → `[n]`.
        """
        ...

    def final_scale(self, residual: torch.Tensor) -> torch.Tensor:
        """What the final norm divides by: `[..., d_model]` → `[...]`."""
        ...

    def unembedding(self, tokens: torch.Tensor | None = None) -> torch.Tensor:
        """Centred unembedding rows times the final norm's gain: `[n, d_model]`."""
        ...

    def head_output_weights(self, layer: int) -> torch.Tensor:
        """W_O with the post-norm's gain folded in: `[head, d_head, d_model]`."""
        ...

    def neuron_output_weights(self, layer: int) -> torch.Tensor:
        """W_out with the post-norm's gain folded in: `[d_mlp, d_model]`."""
        ...

    def head_output_bias(self, layer: int) -> torch.Tensor:
        """What attention writes beside its heads, the gain folded in as for them: `[d_model]`."""
        ...

    @property
    def has_query_key_norms(self) -> bool:
        """Whether queries and keys are normalised, so that no matrix W_QK scores them."""
        ...

    @property
    def has_rotary_positions(self) -> bool:
        """Whether queries and keys are turned by their positions."""
        ...

    def token_embeddings(self, tokens: torch.Tensor, *, effective: bool = False) -> torch.Tensor:
        """What tokens put into the residual stream: `[n]` → `[n, d_model]`.

        Learned positions are left out; `effective` adds what the first MLP makes of it.
        """
        ...

    def normalised(self, residual: torch.Tensor) -> torch.Tensor:
        """What a block's norm makes of it, the gain aside: `[..., d_model]`."""
        ...

    def head_input_weights(self, layer: int, which: Literal["q", "k", "v"]) -> torch.Tensor:
        """W_Q, W_K or W_V with the norm's gain folded in: `[head, d_model, d_head]`.

        Heads that share keys and values have the same W_K and W_V.
        """
        ...

    @property
    def no_queries_and_keys(self) -> str | None:
        """Why `queries_or_keys` cannot be worked out; None where they can."""
        ...

    def queries_or_keys(
        self, layer: int, which: Literal["q", "k"], residual: torch.Tensor, position: int = 0
    ) -> torch.Tensor:
        """What a block makes of residual streams: `[n, d_model]` → `[n, head, d_head]`.

        Biases, norms and the rotation by position included. Heads of a group share their keys.
        """
        ...

    @property
    def has_gated_mlps(self) -> bool:
        """Whether neurons read by two rows, whose readings are multiplied."""
        ...

    def neuron_input_weights(self, layer: int, which: Literal["in", "gate"]) -> torch.Tensor:
        """W_in with the norm's gain folded in: `[d_mlp, d_model]`; of gated neurons, up-rows."""
        ...


@dataclass(frozen=True)
class Batch:
    """Rows of equal length that run together.

    Args:
        prompts: The tokenized set that the rows come from.
        side: Clean or corrupt.
        units: `[row]`, which unit of the set each row is.
    """

    prompts: TokenizedPrompts
    side: Side
    units: Ints

    @property
    def length(self) -> int:
        """Tokens in each row."""
        return len(self.prompts.tokens[self.side][int(self.units[0])])

    def positions(self, role: str) -> Ints:
        """`[row]`, where a role stands."""
        return self.prompts.positions[role][self.units]


class Reader(Protocol):
    """Takes activations of one batch as they pass and reduces them."""

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take one activation, `[row, ...]`."""
        ...

    def finish(self, final: torch.Tensor) -> torch.Tensor | Sequence[torch.Tensor]:
        """The scores, `[row, ...]`; `final` is what left the last block that ran."""
        ...


@runtime_checkable
class Measurement(Protocol):
    """A noun: what is read from a run. Frozen and hashable; equal ones are measured once."""

    quantity: ClassVar[str]
    """What its numbers are: "attention", "logits", "nats"."""

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """The activations it reads."""
        ...

    def last_layer(self, card: Card) -> int:
        """The last block that has to run."""
        ...

    def reader(self, batch: Batch, weights: Weights) -> Reader:
        """What reduces one batch."""
        ...


@runtime_checkable
class ReadsSomeOfTheFinal(Protocol):
    """A measurement that says where it reads what leaves the last block; others read it all.

    One that reads nothing else may be given rows of several lengths at once, and a unit more than
    once.
    """

    def final_positions(self, batch: Batch) -> Ints:
        """`[n, 2]`, row of the batch and position."""
        ...


@runtime_checkable
class ReadsAllLogits(Protocol):
    """A measurement that needs the logits of all tokens, and says where: they cost most of it."""

    def unembedded(self, batch: Batch, card: Card, tokenizer: Tokenizer) -> Ints:
        """`[n, 3]`: a block, and the row of the batch and the position of what leaves it."""
        ...


class ReadsLogits:
    """A measurement of the logits of all tokens wherever it reads what leaves the last block."""

    def unembedded(self, batch: Batch, card: Card, tokenizer: Tokenizer) -> Ints:
        """There."""
        return leaving(card.layers - 1, positions_read(self, batch))


def leaving(layer: int, places: Ints) -> Ints:
    """`[n, 3]`: a block before each row and position of `[n, 2]`."""
    return np.insert(places, 0, layer, axis=1)


def positions_read(measurement: object, batch: Batch) -> Ints:
    """`[n, 2]`, the rows of a batch and the positions where what leaves the last block is read."""
    if isinstance(measurement, ReadsSomeOfTheFinal):
        return measurement.final_positions(batch)
    rows = [batch.prompts.tokens[batch.side][int(unit)] for unit in batch.units]
    return np.array([(r, p) for r, row in enumerate(rows) for p in range(len(row))])


class ReadsOnTheWay:
    """A measurement of activations, which reads nothing of what leaves the last block."""

    def final_positions(self, batch: Batch) -> Ints:
        """None."""
        return np.empty((0, 2), np.int64)


def at_role(batch: Batch, role: str) -> Ints:
    """`[row, 2]`, each row of the batch and where a role stands in it."""
    return np.stack([np.arange(len(batch.units)), batch.positions(role)], axis=1)


def targets_of(batch: Batch, most: int = 0) -> tuple[Ints, Ints]:
    """A batch's targets in one list: `[n]` rows, and `[n, 2]` positions and next tokens.

    Args:
        batch: The rows.
        most: At most this many of each row, evenly spread; 0 means all.
    """
    found = [batch.prompts.targets[batch.side][int(unit)] for unit in batch.units]
    if most:
        found = [_spread(targets, most) for targets in found]
    rows = np.repeat(np.arange(len(found)), [len(targets) for targets in found])
    return rows, np.concatenate(found)


def _spread(targets: Ints, most: int) -> Ints:
    if len(targets) <= most:
        return targets
    return targets[np.linspace(0, len(targets) - 1, most).round().astype(int)]


@dataclass(frozen=True)
class Request:
    """One thing to measure: what, on which prompts, on which side, under which intervention."""

    measurement: Measurement
    on: Prompts
    side: Side = "clean"
    under: Intervention | None = None

    def __str__(self) -> str:
        under = f" under {self.under}" if self.under else ""
        return f"{self.measurement} on {self.on.name} ({self.side}){under}"


class WeightMeasurement(Protocol):
    """A measurement that needs no run, only weights. Frozen and hashable."""

    quantity: ClassVar[str]
    """What its numbers are."""

    def compute(self, weights: Weights) -> Array:
        """The numbers."""
        ...


@runtime_checkable
class SharedWeightMeasurement(Protocol):
    """A measurement from weights of which several take less work together than one by one."""

    quantity: ClassVar[str]
    """What its numbers are."""

    def compute(self, weights: Weights) -> Array:
        """The numbers."""
        ...

    @classmethod
    def compute_all(cls, weights: Weights, several: Sequence[Self]) -> list[Array]:
        """The numbers of each, as `compute` gives them; nothing is kept afterwards."""
        ...


@dataclass(frozen=True)
class WeightRequest:
    """Something to work out from weights alone."""

    measurement: WeightMeasurement

    def __str__(self) -> str:
        return f"{self.measurement} from the weights"


AnyRequest: TypeAlias = Request | WeightRequest


class Scores(Protocol):
    """What has been measured of one model so far."""

    @property
    def weights(self) -> Weights:
        """The model, for what needs no run."""
        ...

    def __contains__(self, request: AnyRequest) -> bool: ...

    def __getitem__(self, request: AnyRequest) -> Array: ...

    def tokenized(self, prompts: Prompts) -> TokenizedPrompts:
        """A set in the model's tokens."""
        ...
