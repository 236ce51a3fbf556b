"""Numbers that claims are about: one per unit, put together from scores."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Request, Scores

Values = npt.NDArray[np.float64]
Pick: TypeAlias = tuple[int, ...]
Of = TypeVar("Of", bound=Hashable)
Made = TypeVar("Made")

_REMEMBERED: WeakKeyDictionary[Scores, dict[Hashable, Any]] = WeakKeyDictionary()


class CannotTell(Exception):  # noqa: N818 - not an error: a reason to be inconclusive
    """A quantity has no value, for a reason that the evidence gives."""


class DoesNotApply(Exception):  # noqa: N818 - not an error: a guard with nothing to guard
    """A guard is about something that this model does not have."""


def remembered(method: Callable[[Of, Scores], Made]) -> Callable[[Of, Scores], Made]:
    """Work out a method of scores once for the same scores.

    For methods all of whose requests have been measured: what is measured never changes. They are
    asked again after each run, by every claim that they are part of.
    """

    @functools.wraps(method)
    def look_up(of: Of, scores: Scores) -> Made:
        try:
            known = _REMEMBERED.setdefault(scores, {})
        except TypeError:  # scores that are a plain mapping
            return method(of, scores)
        if (method, of) not in known:
            known[method, of] = method(of, scores)
        return known[method, of]

    return look_up


@dataclass(frozen=True)
class Measured:
    """A quantity's value: one number per unit, and which units are not independent.

    Args:
        values: `[unit]`.
        clusters: Cluster name → one id per unit.
        units: Which units of the prompt set these are.
        binary: Whether the values are outcomes, 0 or 1.
        notes: What a reader of the evidence should know: prompts dropped, peers used.
    """

    values: Values
    clusters: Mapping[str, Sequence[Hashable]]
    units: tuple[int, ...]
    binary: bool = False
    notes: tuple[str, ...] = ()

    def with_note(self, note: str) -> Measured:
        """The same, with something more for the reader of the evidence."""
        return replace(self, notes=(*self.notes, note))

    def keeping(self, chosen: npt.NDArray[np.bool_], note: str = "") -> Measured:
        """The chosen units only."""
        return Measured(
            self.values[chosen],
            {
                n: [i for i, c in zip(ids, chosen, strict=True) if c]
                for n, ids in self.clusters.items()
            },
            tuple(np.array(self.units)[chosen].tolist()),
            self.binary,
            (*self.notes, note) if note else self.notes,
        )


@dataclass(frozen=True)
class MeasuredStatistic:
    """A value that is not a mean over units: an AUROC, a correlation.

    Args:
        statistic: The value on a subset of the units, given as a mask `[unit]`.
        clusters: One id per unit.
        notes: What a reader of the evidence should know.
    """

    statistic: Callable[[npt.NDArray[np.bool_]], float]
    clusters: Sequence[Hashable]
    notes: tuple[str, ...] = ()


class Statistic(ABC):
    """A quantity that is not a mean: it is jackknifed over clusters. Frozen and hashable."""

    @abstractmethod
    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The requests it rests on, as far as the scores so far tell."""

    @abstractmethod
    def measured(self, scores: Scores) -> MeasuredStatistic:
        """Its value; every request that `needs` names has been measured."""

    @abstractmethod
    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far the engine's own choices move it, in its unit, given how far they move scores."""


class Quantity(ABC):
    """Something with one number per unit. Frozen and hashable; `-` and `abs` make new ones."""

    @abstractmethod
    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The requests it rests on, as far as the scores so far tell; asked after each run."""

    @abstractmethod
    def measured(self, scores: Scores) -> Measured:
        """Its value; every request that `needs` names has been measured."""

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far the engine's own choices move it, in its unit, given how far they move scores.

        By default as far as the noisiest of its scores: right for sums and differences of scores
        in its own unit. Quantities with requests in another unit say how it carries over.
        """
        return max((floor_of(request) for request in self.needs(scores)), default=0.0)

    def __sub__(self, other: Quantity) -> Quantity:
        return Difference(self, other)

    def __neg__(self) -> Quantity:
        return Scaled(self, -1.0)

    def __abs__(self) -> Quantity:
        return Absolute(self)


@dataclass(frozen=True)
class Score(Quantity):
    """One request's scores, or one column of a wide one.

    Args:
        request: What is measured.
        pick: The index after the unit: `(layer, head)` of a measurement of all heads.
    """

    request: Request
    pick: Pick = ()

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Its request."""
        return (self.request,)

    def measured(self, scores: Scores) -> Measured:
        """The column, with the clusters of its prompt set."""
        prompts = scores.tokenized(self.request.on)
        column = scores[self.request][(slice(None), *self.pick)]
        if column.ndim != 1:
            raise ClaimError(f"{self.request} has {column.ndim - 1} numbers per unit; pick one.")
        dropped = len(prompts.dropped)
        notes = (_dropped(self.request.on.name, prompts.dropped),) if dropped else ()
        return Measured(
            column.astype(np.float64), prompts.clusters, tuple(prompts.kept.tolist()), notes=notes
        )


@dataclass(frozen=True)
class Difference(Quantity):
    """The paired difference of two quantities of the same units."""

    left: Quantity
    right: Quantity

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What both need."""
        return (*self.left.needs(scores), *self.right.needs(scores))

    def measured(self, scores: Scores) -> Measured:
        """Left minus right, unit by unit."""
        left, right = self.left.measured(scores), self.right.measured(scores)
        return _joined([left, right], left.values - _same_units(left, right).values)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the noisier one."""
        return max(self.left.noise(scores, floor_of), self.right.noise(scores, floor_of))


@dataclass(frozen=True)
class Mean(Quantity):
    """The mean of several quantities of the same units."""

    of: tuple[Quantity, ...]

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What all need."""
        return [request for quantity in self.of for request in quantity.needs(scores)]

    def measured(self, scores: Scores) -> Measured:
        """The mean, unit by unit."""
        parts = [quantity.measured(scores) for quantity in self.of]
        values = [_same_units(parts[0], part).values for part in parts]
        return _joined(parts, np.mean(values, axis=0))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the noisiest one."""
        return max(quantity.noise(scores, floor_of) for quantity in self.of)


@dataclass(frozen=True)
class Scaled(Quantity):
    """A quantity times a number."""

    of: Quantity
    by: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What the quantity needs."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """The product, unit by unit."""
        inner = self.of.measured(scores)
        return _joined([inner], inner.values * self.by)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """The quantity's, scaled with it."""
        return abs(self.by) * self.of.noise(scores, floor_of)


@dataclass(frozen=True)
class Constant(Quantity):
    """A number, given to every unit of another quantity."""

    value: float
    like: Quantity

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What the other quantity needs."""
        return self.like.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """The number, unit by unit."""
        like = self.like.measured(scores)
        return _joined([like], np.full_like(like.values, self.value))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None."""
        return 0.0


@dataclass(frozen=True)
class Absolute(Quantity):
    """The absolute value of a quantity's cluster means, given to each unit of the cluster.

    Of the means, not of the units: the mean of |noise| would grow with the noise.
    """

    of: Quantity

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What the quantity needs."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """The absolute cluster means."""
        inner = self.of.measured(scores)
        ids = next(iter(inner.clusters.values()))
        codes = np.unique(np.array([str(i) for i in ids]), return_inverse=True)[1]
        means = np.bincount(codes, inner.values) / np.bincount(codes)
        return _joined([inner], np.abs(means)[codes])

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """The quantity's."""
        return self.of.noise(scores, floor_of)


def _same_units(first: Measured, other: Measured) -> Measured:
    if first.units == other.units:
        return other
    raise ClaimError(
        f"two quantities are compared unit by unit, but one has {len(first.units)} units and the "
        f"other {len(other.units)}, not the same ones: measure both on the same prompt set."
    )


def _joined(parts: list[Measured], values: Values) -> Measured:
    notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
    return Measured(values, parts[0].clusters, parts[0].units, notes=notes)


def _dropped(name: str, dropped: Mapping[int, str]) -> str:
    example = next(iter(dropped.values()))
    return f"{len(dropped)} prompts of {name} do not fit this model, for example: {example}"
