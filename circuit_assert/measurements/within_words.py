"""What is lost on tokens inside words, and on those that begin one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from circuit_assert.components import Site
from circuit_assert.measurements.base import Batch, Weights, leaving, targets_of
from circuit_assert.measurements.outputs import OutputReader
from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints, Tokenizer

if TYPE_CHECKING:
    import torch

INSIDE, FIRST = 0, 1
_NEITHER = -1


@dataclass(frozen=True)
class LossWithinWords:
    """Mean −log p of tokens that go on with a word, and of those that begin one: `[unit, 2]`.

    A token goes on with a word when it begins with a letter and follows one; it begins one when it
    is a space and then a letter. Others count as neither. NaN where a unit has none.

    Args:
        places: At most this many of each kind in a unit, evenly spread.
    """

    places: int = 12
    quantity: ClassVar[str] = "nats"

    def __str__(self) -> str:
        return "loss inside and at the beginning of words"

    def sites(self, weights: Weights) -> tuple[Site, ...]:
        """None: the final residual stream is enough."""
        return ()

    def last_layer(self, card: Card) -> int:
        """The model's last."""
        return card.layers - 1

    def final_positions(self, batch: Batch) -> Ints:
        """The targets of both kinds. All of them: the tokenizer tells which is which."""
        rows, flat = targets_of(batch)
        return np.stack([rows, flat[:, 0]], axis=1)

    def unembedded(self, batch: Batch, card: Card, tokenizer: Tokenizer) -> Ints:
        """The targets that are read."""
        rows, flat, _ = self._chosen(batch, tokenizer)
        return leaving(card.layers - 1, np.stack([rows, flat[:, 0]], axis=1))

    def reader(self, batch: Batch, weights: Weights) -> OutputReader:
        """What reduces one batch."""
        rows, flat, kinds = self._chosen(batch, weights.tokenizer)

        def score(final: torch.Tensor) -> torch.Tensor:
            import torch

            found = torch.full((len(batch.units), 2), torch.nan)
            if not len(rows):
                return found
            there = (torch.as_tensor(each, device=final.device) for each in (rows, flat[:, 0]))
            targets = torch.as_tensor(flat[:, 1:], device=final.device)
            logs = weights.log_probabilities(final[tuple(there)], targets)[:, 0]
            losses = -logs.float().cpu().numpy()
            for row in np.unique(rows):
                for kind in (INSIDE, FIRST):
                    chosen = (rows == row) & (kinds == kind)
                    if chosen.any():
                        found[int(row), kind] = float(losses[chosen].mean())
            return found

        return OutputReader(score)

    def _chosen(self, batch: Batch, tokenizer: Tokenizer) -> tuple[Ints, Ints, Ints]:
        """Rows, `[n, 2]` positions and next tokens, and kinds."""
        rows, flat = targets_of(batch)
        before = [batch.prompts.tokens[batch.side][int(unit)] for unit in batch.units]
        pairs = [
            (int(before[row][place]), int(token))
            for row, (place, token) in zip(rows, flat, strict=True)
        ]
        kinds = np.array([kind_of(*pair, tokenizer) for pair in pairs], np.int64)
        kept = [
            spread(np.flatnonzero((rows == row) & (kinds == kind)), self.places)
            for row in np.unique(rows)
            for kind in (INSIDE, FIRST)
        ]
        chosen = np.concatenate(kept) if kept else np.empty(0, np.int64)
        return rows[chosen], flat[chosen], kinds[chosen]


def spread(places: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """At most so many of some places, evenly spread."""
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).round().astype(int)]


def kind_of(before: int, token: int, tokenizer: Tokenizer) -> int:
    """Whether a token goes on with a word, begins one, or neither."""
    piece = _piece(tokenizer, token)
    if piece[:1] == " " and piece[1:2].isalpha():
        return FIRST
    return INSIDE if piece[:1].isalpha() and _piece(tokenizer, before)[-1:].isalnum() else _NEITHER


@lru_cache(maxsize=100_000)
def _piece(tokenizer: Tokenizer, token: int) -> str:
    return tokenizer.piece(token)
