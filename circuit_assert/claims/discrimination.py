"""Is a neuron more active where a token comes next?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.promotion import LEAST_DOCUMENTS, Promotion, Reals
from circuit_assert.claims.quantities import CannotTell, MeasuredStatistic, Statistic
from circuit_assert.measurements import Request, TopTokens
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Ints
from circuit_assert.stats.auroc import auroc

PLAUSIBLE = 20  # a token is plausible where it is among the model's so many likeliest
_GRAIN = 1e-5


@dataclass(frozen=True)
class Discrimination(Statistic):
    """AUROC within documents of s·a for "the token comes next".

    Half the negatives of a document are positions where the token is among the model's 20
    likeliest and did not follow; the other half are drawn from the rest. Documents without all
    three kinds of position are left out.

    Args:
        of: Which neuron, which token, where.
        beyond_position: Whether the mean of s·a at the same position of the other documents is
            taken off first.
    """

    of: Promotion
    beyond_position: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, and which tokens are plausible where."""
        return (self.of.readings(scores), self.of.activations, self._top)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The AUROC over any subset of the documents.

        Raises:
            CannotTell: for fewer than 20 documents.
        """
        prompts, found = scores.tokenized(self.of.on), self._by_document(scores)
        used = {unit: of for unit, of in enumerate(found) if of is not None}
        clusters = next(iter(prompts.clusters.values()))
        if len({clusters[unit] for unit in used}) < LEAST_DOCUMENTS:
            raise CannotTell(
                f"in {len(used)} of {len(found)} documents of {self.of.on.name} the token follows "
                f"somewhere, and elsewhere is among the {PLAUSIBLE} likeliest and does not: "
                f"{LEAST_DOCUMENTS} are needed. Give on= more documents that hold {self.of.token!r}"
            )
        wins, pairs = np.array(list(used.values())).T
        return MeasuredStatistic(
            lambda chosen: float(wins[chosen].sum() / pairs[chosen].sum()),
            [clusters[unit] for unit in used],
            (f"{len(used)} of {len(found)} documents have positives and both kinds of negatives",),
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far the AUROC moves when no two activations within a floor of each other differ."""
        floor = floor_of(self.of.activations)
        if not floor:
            return 0.0
        exact, rounded = (self._auroc(scores, grain) for grain in (0.0, 2 * floor))
        return abs(exact - rounded)

    def _auroc(self, scores: Scores, grain: float) -> float:
        used = [of for of in self._by_document(scores, grain) if of is not None]
        wins, pairs = np.array(used).sum(0) if used else (0.0, 1.0)
        return float(wins / pairs)

    def _by_document(self, scores: Scores, grain: float = 0.0) -> list[tuple[float, float] | None]:
        """Wins and pairs of each document, activations rounded to a grain if it is not 0."""
        oriented = self.of.oriented(scores)
        values = without_position(oriented) if self.beyond_position else oriented
        if grain:
            values = np.round(values / grain) * grain
        token, top = self.of.token_number(scores), scores[self._top]
        return [
            _document(values[unit], row, (top[unit, : len(row)] == token).any(-1), token)
            for unit, row in enumerate(scores.tokenized(self.of.on).tokens["clean"])
        ]

    @property
    def _top(self) -> Request:
        return Request(TopTokens(PLAUSIBLE), self.of.on)


def without_position(values: Reals) -> Reals:
    """Values minus the mean of at least two other documents at the same position, else NaN.

    What is left is rounded to 1e-5 of the values' spread: where position explains everything,
    rounding errors would be left, and they depend on the position too.
    """
    there = np.isfinite(values)
    others = there.sum(0) - 1
    total = np.where(there, values, 0.0).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.where(others >= 2, values - (total - values) / others, np.nan)
    grain = _GRAIN * float(np.nanstd(values))
    return np.round(left / grain) * grain if grain > 0 else left


def _document(
    values: Reals, tokens: Ints, plausible: npt.NDArray[np.bool_], token: int
) -> tuple[float, float] | None:
    """Wins and pairs of one document's AUROC; None where a kind of position is missing."""
    usable = np.isfinite(values[: len(tokens) - 1])
    follows = tokens[1:] == token
    likely = usable & plausible[:-1] & ~follows
    unlikely = usable & ~plausible[:-1] & ~follows
    positive = np.flatnonzero(usable & follows)
    each = min(int(likely.sum()), int(unlikely.sum()))
    if not each or not len(positive):
        return None
    seed = hashlib.sha256(tokens.astype(np.int64).tobytes()).digest()
    generator = np.random.default_rng([token, *seed])
    negative = [
        generator.choice(np.flatnonzero(kind), each, replace=False) for kind in (likely, unlikely)
    ]
    chosen = np.concatenate([positive, *negative])
    pairs = float(len(positive) * 2 * each)
    return auroc(values[chosen], follows[chosen]) * pairs, pairs
