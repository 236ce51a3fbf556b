"""Where a head attends on text: is the token there among those that its output lowers most?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from circuit_assert.components import Head, Site
from circuit_assert.linear import linear
from circuit_assert.measurements.base import Array, Batch, ReadsOnTheWay, Weights
from circuit_assert.measurements.neurons import unembedding_pieces
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints

if TYPE_CHECKING:
    import torch

_PLACES = 24  # of each text: with 40 texts, 960 × 640 × 262,144 multiplications


@dataclass(frozen=True)
class LoweredWhereAttended(ReadsOnTheWay):
    """Whether attended tokens are lowered, and tokens that are not: `[unit, 2, place]`, 0 or 1.

    A place is a token that attends and one, itself or before it, that gets more than `above` of its
    attention. First whether that one is among the `top` tokens that the head's whole output lowers
    most, by its direct effect on the logits; then the same of one that gets less than a tenth of
    `above`. At most 24 places of a text count, evenly spread; NaN beyond the last. The beginning
    token is no word that could be lowered.

    Args:
        head: The head.
        above: How much attention counts.
        top: Among how many.
    """

    head: Head
    above: float
    top: int
    quantity: ClassVar[str] = "places"

    def __str__(self) -> str:
        return f"tokens lowered where {self.head} attends"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """The pattern and `z` of its layer."""
        return Site(self.head.layer, "pattern"), Site(self.head.layer, "z")

    def last_layer(self, card: Card) -> int:
        """The head's."""
        return self.head.layer

    def reader(self, batch: Batch, weights: Weights) -> LoweredReader:
        """What reduces one batch."""
        tokens = np.stack([batch.prompts.tokens[batch.side][int(unit)] for unit in batch.units])
        return LoweredReader(self, tokens, weights)


class LoweredReader:
    """Ranks attended tokens by the head's direct effect on their logits.

    Args:
        of: The measurement.
        tokens: `[row, pos]`.
        weights: The model.
    """

    def __init__(self, of: LoweredWhereAttended, tokens: Ints, weights: Weights) -> None:
        self._of, self._tokens, self._weights = of, tokens, weights
        self._kept: dict[str, torch.Tensor] = {}

    def read(self, site: Site, activation: torch.Tensor) -> None:
        """Take the pattern, `[row, head, query, key]`, or `z`, `[row, pos, head, d_head]`."""
        head = self._of.head.head
        pattern = site.name == "pattern"
        self._kept[site.name] = (activation[:, head] if pattern else activation[:, :, head]).float()

    def finish(self, final: torch.Tensor) -> torch.Tensor:
        """`[row, 2, place]`."""
        import torch

        z = self._kept["z"]
        places = _places(self._kept["pattern"].cpu().numpy(), self._tokens, self._of.above)
        scores = torch.full((len(z), 2, _PLACES), float("nan"), dtype=torch.float32)
        if len(places):
            rows, queries = places[:, 0], places[:, 1]
            w_o = self._weights.head_output_weights(self._of.head.layer)[self._of.head.head]
            written = z[rows, queries] @ w_o
            lowered = self._lowered(written, self._tokens[rows[:, None], places[:, 2:]])
            for row in np.unique(rows):
                own = lowered[rows == row].T
                scores[row, :, : own.shape[1]] = own
        return scores.to(z.device)

    def _lowered(self, written: torch.Tensor, tokens: Ints) -> torch.Tensor:
        """Whether tokens are among the lowest: `[place, d_model]`, `[place, 2]` → `[place, 2]`."""
        import torch

        numbers = torch.from_numpy(tokens).to(written.device)
        rows = self._weights.unembedding(numbers.flatten()).reshape(*numbers.shape, -1)
        own = (rows * written[:, None]).sum(-1)
        # its own logit is found again with another rounding, which goes by the terms' size
        slack = 1e-6 * rows.norm(dim=-1) * written.norm(dim=-1, keepdim=True)
        below = torch.zeros(own.shape, dtype=torch.int64, device=own.device)
        for piece in unembedding_pieces(self._weights):
            logits = linear(written, piece)
            below += (logits[:, None] <= (own + slack)[..., None]).sum(-1)
        return (below <= self._of.top).float().cpu()


def _places(pattern: Array, tokens: Ints, above: float) -> Ints:
    """`[n, 4]`: row, query, the key that is attended to, and one that is not."""
    found = [_of_row(row, pattern[row], tokens[row], above) for row in range(len(tokens))]
    return np.concatenate(found) if found else np.empty((0, 4), np.int64)


def _of_row(row: int, pattern: Array, tokens: Ints, above: float) -> Ints:
    pairs = np.argwhere(pattern > above)
    pairs = pairs[pairs[:, 1] > 0]
    places: list[tuple[int, int, int, int]] = []
    for query, key in pairs.tolist():
        shares = pattern[query, : query + 1]
        attended = tokens[: query + 1][shares > above]
        aside = ~np.isin(tokens[: query + 1], attended) & (shares < above / 10)
        others = np.flatnonzero(aside[1:]) + 1
        if len(others):
            places.append((row, query, key, int(others[len(others) // 2])))
    chosen = np.linspace(0, len(places) - 1, min(_PLACES, len(places))).round().astype(int)
    return np.array(places, np.int64).reshape(-1, 4)[chosen]
