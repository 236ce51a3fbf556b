"""Claims about toy models of superposition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, all_of
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.stats.region import above, below
from circuit_assert.superposition.geometry import (
    REPRESENTED,
    Reals,
    coherence,
    dimensionality,
    norms,
    represented,
    welch_bound,
)

if TYPE_CHECKING:
    from circuit_assert.superposition.toy import ToyModels

Bools = npt.NDArray[np.bool_]
_ELHAGE = "Elhage et al. 2022, Toy Models of Superposition"
_LEAST_SPARSITIES = 5
_MOST = 0.5


@claim("{toy} hold features in superposition", source=_ELHAGE)
def features_are_in_superposition(
    toy: ToyModels, *, by: float, longer_than: float = REPRESENTED, gain: float = 0.1
) -> Body:
    """More features are represented than there are dimensions, and better than a line could.

    A feature counts where its column of W is longer than `longer_than` and its error on fresh data
    is below that of predicting its mean. In most models, trained from other seeds, which are the
    clusters, more than m + `by` count; those that count have less than a dimension each (their
    mean D_i is below 1); and the error is smaller by a share of more than `gain` than that of the
    best linear model, whose features share dimensions too, without any superposition of sparse
    ones. Dense features, linear models and random columns of the same lengths fail.

    Args:
        toy: `ToyModels(…)`, 20 seeds at least.
        by: How many more than the dimensions.
        longer_than: The length of a column that counts, 0.5 or 0.9 by custom.
        gain: The share by which the error has to be below a linear model's. Our choice.

    Raises:
        ClaimError: for a `by` below 0, or a length or gain that is not between 0 and 1.

    Published:
        D* = m / ‖W‖² sticks at 1 and 1/2, features alone and in antipodal pairs (n = 200, m = 20).

    Pitfalls:
        Of a real model it takes other evidence: that a neuron is active on several things is none,
        as that happens with neurons to spare. Asked for are curves of sparse probes (one neuron
        against eight), dictionaries whose features are explained better than neurons
        (`explanation_predicts_activity`), and that a set of neurons matters more than any of them.

    Example:
        >>> from circuit_assert import ToyModels, features_are_in_superposition
        >>> toy = ToyModels(features=6, dimensions=2, sparsity=0.9, steps=200)
        >>> print(features_are_in_superposition(toy, by=1).check().verdict)
        supported
    """
    if by < 0 or not 0 < longer_than < 1 or not 0 <= gain < 1:
        raise ClaimError("by is at least 0, longer_than and gain between 0 and 1.")
    return all_of(
        Criterion(
            "features",
            _Learned(toy, longer_than, by),
            above(_MOST),
            f"share of models that learn over {by:g} features more than they have dimensions",
            "share of models",
            toy,
        ),
        Criterion(
            "dimensionality",
            _Share(toy, longer_than),
            below(1.0),
            "mean dimensionality of learned features",
            "dimensions",
            toy,
        ),
        Criterion(
            "beyond linear",
            _BeyondLinear(toy),
            above(gain),
            "error of the best linear model, minus the model's, as a share of it",
            "share",
            toy,
        ),
    )


@claim("in {toy}, sparser features are held in more superposition", source=_ELHAGE)
def sparsity_increases_superposition(
    toy: ToyModels, *, sparsities: Sequence[float], by: float
) -> Body:
    """The number of features represented rises with sparsity.

    ‖W‖²/m, about how many features share a dimension, has a slope over the order of the
    sparsities that exceeds `by` a step, over models of other seeds. Control: it exceeds that of
    linear models trained alike.

    Args:
        toy: `ToyModels(…)`; its own sparsity plays no role.
        sparsities: At least five, rising.
        by: The rise a step.

    Raises:
        ClaimError: for fewer than five sparsities, or others than rising ones.

    Published:
        Features per dimension rise from 1 with sparsity, with a plateau at 2, antipodal pairs.

    Pitfalls:
        The geometry depends on how training is set up; the slope much less.

    Example:
        >>> from circuit_assert import ToyModels, sparsity_increases_superposition
        >>> toy = ToyModels(features=6, dimensions=2, seeds=8, steps=200, tries=1)
        >>> sparsities = (0.0, 0.5, 0.8, 0.9, 0.97)
        >>> claim = sparsity_increases_superposition(toy, sparsities=sparsities, by=0.1)
        >>> print(claim.check().verdict)
        supported
    """
    given = tuple(float(s) for s in sparsities)
    if len(given) < _LEAST_SPARSITIES or any(a >= b for a, b in pairwise(given)):
        raise ClaimError(f"give {_LEAST_SPARSITIES} sparsities or more, rising; got {given}.")
    slope = _Slope(toy, given)
    words = "rise of ‖W‖²/m a step of sparsity"
    control = _Slope(toy.at(toy.sparsity, "linear"), given)
    return all_of(
        Criterion("slope", slope, above(by), words, "features a dimension", toy),
        guards=[
            Criterion(
                "beyond linear",
                slope - control,
                above(0.0),
                f"{words}, minus that of linear models",
                "features a dimension",
                toy,
            )
        ],
    )


class _OfToys(Quantity):
    """A number for each trained model."""

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Nothing of a session."""
        return ()

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None."""
        return 0.0


@dataclass(frozen=True)
class _Learned(_OfToys):
    """Whether a model has learned so many more features than it has dimensions, an outcome."""

    toy: ToyModels
    longer_than: float
    by: float

    def measured(self, scores: Scores) -> Measured:
        weights = self.toy.trained()[0]
        counts = _learned(self.toy, self.longer_than).sum(1)
        closest = np.mean([coherence(w) for w in weights])
        bound = welch_bound(self.toy.features, self.toy.dimensions)
        found = _by_seed(
            counts > self.toy.dimensions + self.by,
            f"{counts.mean():.3g} of {self.toy.features} features learned; ‖W‖² "
            f"{(norms(weights) ** 2).sum(1).mean():.3g}; coherence {closest:.2f}, at least "
            f"{bound:.2f} (Welch)",
        )
        return replace(found, binary=True)


@dataclass(frozen=True)
class _Share(_OfToys):
    toy: ToyModels
    longer_than: float

    def measured(self, scores: Scores) -> Measured:
        each, chosen = dimensionality(self.toy.trained()[0]), _learned(self.toy, self.longer_than)
        if not chosen.any(1).all():
            raise CannotTell("some model has learned no feature")
        return _by_seed(np.array([d[c].mean() for d, c in zip(each, chosen, strict=True)]))


@dataclass(frozen=True)
class _BeyondLinear(_OfToys):
    """Of independent features, the best linear map keeps the m most important ones."""

    toy: ToyModels

    def measured(self, scores: Scores) -> Measured:
        importance = self.toy.importance ** np.arange(self.toy.features)
        linear = self.toy.variance * importance[self.toy.dimensions :].sum()
        own = self.toy.losses() @ importance
        return _by_seed((linear - own) / linear)


@dataclass(frozen=True)
class _Slope(_OfToys):
    toy: ToyModels
    sparsities: tuple[float, ...]

    def measured(self, scores: Scores) -> Measured:
        found = np.array(
            [
                (norms(self.toy.at(s).trained()[0]) ** 2).sum(1) / self.toy.dimensions
                for s in self.sparsities
            ]
        )
        order = np.arange(len(self.sparsities)) - (len(self.sparsities) - 1) / 2
        said = ", ".join(
            f"{mean:.2f} at {s:g}" for s, mean in zip(self.sparsities, found.mean(1), strict=True)
        )
        return _by_seed(order @ found / (order @ order), said)


def _learned(toy: ToyModels, longer_than: float) -> Bools:
    return represented(toy.trained()[0], longer_than) & (toy.losses() < toy.variance)


def _by_seed(values: Reals | Bools, *notes: str) -> Measured:
    seeds = tuple(range(len(values)))
    return Measured(np.asarray(values, np.float64), {"seed": seeds}, seeds, notes=notes)
