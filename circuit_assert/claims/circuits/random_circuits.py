"""Circuits drawn at random: of the same size and from the same layers as one that is claimed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice, product
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from circuit_assert.circuits import Circuit, Edge, Member, depth, edges_between, nodes_of
from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.components import Head
from circuit_assert.measurements.base import AnyRequest, Scores

Better: TypeAlias = Literal["more", "less", "closer"]
_Pools: TypeAlias = list[tuple[Sequence[Member], int]]
_LEAST = 10  # different ones: of fewer, nine in ten says nothing
_SAME = 1e-4  # of what there is to explain: differences below this are rounding


def random_circuits(
    circuit: Circuit, layers: int, heads: int, *, draws: int, seed: int = 0
) -> Controls:
    """Other circuits of its size: all that there are up to `draws`, else as many, drawn one by one.

    Of nodes: as many heads and as many MLPs from each layer. Of edges: as many out of all that
    go from one of the layers its edges start in to one of those they end in.

    Args:
        circuit: Like which.
        layers: Of the model.
        heads: Of each layer.
        draws: How many.
        seed: What they are drawn with.
    """
    pools = _pools(circuit, layers, heads)
    there_are = math.prod(math.comb(len(pool), count) for pool, count in pools) - 1
    if there_are <= draws:
        choices = product(*(combinations(pool, count) for pool, count in pools))
        every = (frozenset(chain.from_iterable(chosen)) for chosen in choices)
        others = tuple(members for members in every if members != circuit.members)
    else:
        others = tuple(islice(_drawn(circuit, pools, layers, heads, seed), draws))
    return Controls(
        tuple(Circuit(members, circuit.among) for members in others), there_are <= draws
    )


@dataclass(frozen=True)
class Controls:
    """Circuits that one is compared with.

    Args:
        circuits: They.
        every: Whether these are all that there are; else they are drawn at random.
    """

    circuits: tuple[Circuit, ...]
    every: bool


def _drawn(
    circuit: Circuit, pools: _Pools, layers: int, heads: int, seed: int
) -> Iterator[frozenset[Member]]:
    generator = np.random.default_rng([seed, len(circuit), layers, heads])
    while True:
        members = frozenset(
            pool[i] for pool, count in pools for i in generator.permutation(len(pool))[:count]
        )
        if members != circuit.members:
            yield members


def outside(
    circuit: Circuit, layers: int, heads: int, *, count: int, seed: int = 0
) -> list[Member]:
    """Members that the circuit does not have, from its layers: what it could be inflated with."""
    generator = np.random.default_rng([seed, len(circuit), layers, heads])
    pool = [
        member
        for members, _ in _pools(circuit, layers, heads)
        for member in members
        if member not in circuit.members
    ]
    return [pool[i] for i in generator.permutation(len(pool))[:count]]


def _pools(circuit: Circuit, layers: int, heads: int) -> _Pools:
    """What members are drawn out of, and how many from each."""
    edges = [member for member in circuit.members if isinstance(member, Edge)]
    if edges:
        starts = {depth(edge.sender)[0] for edge in edges}
        stops = {depth(edge.receiver)[0] for edge in edges}
        return [(edges_between(starts, stops, layers, heads), len(edges))]
    counts = Counter((isinstance(n, Head), n.layer) for n in circuit.nodes)
    every = nodes_of(circuit.among, layers, heads)
    return [
        ([n for n in every if (isinstance(n, Head), n.layer) == kind], count)
        for kind, count in sorted(counts.items())
    ]


@dataclass(frozen=True)
class Comparison:
    """A circuit's score beside those of others of its size: means over all prompts.

    Args:
        own: The circuit's score.
        others: Those of the others.
        better: Whether more is better, less, or what is closer to the whole model's score.
        whole: The whole model's score.
        span: What there is to explain; differences of a ten-thousandth of it are ties, and a tie
            is no win.
    """

    own: Quantity
    others: tuple[Quantity, ...]
    better: Better
    whole: Quantity
    span: Quantity

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores of all."""
        every = (self.own, self.whole, self.span, *self.others)
        return [request for quantity in every for request in quantity.needs(scores)]

    def wins(self, scores: Scores) -> npt.NDArray[np.float64]:
        """1 where the circuit does better, else 0: `[other circuit]`.

        Raises:
            CannotTell: when there are too few others.
        """
        if len(self.others) < _LEAST:
            raise CannotTell(
                f"the circuit's layers hold {len(self.others)} other circuits of its size; "
                f"{_LEAST} are needed for the control"
            )
        own, whole, span = (
            float(q.measured(scores).values.mean()) for q in (self.own, self.whole, self.span)
        )
        others = np.array([q.measured(scores).values.mean() for q in self.others], np.float64)
        ahead = {
            "more": lambda: own - others,
            "less": lambda: others - own,
            "closer": lambda: np.abs(others - whole) - abs(own - whole),
        }[self.better]()
        return (ahead > _SAME * abs(span)).astype(np.float64)


@dataclass(frozen=True)
class WinsOverRandom(Quantity):
    """Whether a circuit does better than each of some random ones: 1 or 0, a unit for each.

    Args:
        comparison: With the random ones.
    """

    comparison: Comparison

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores of all."""
        return self.comparison.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """1 where the circuit does better, `[random circuit]`."""
        wins = self.comparison.wins(scores)
        names = [str(n) for n in range(len(wins))]
        note = f"{int(wins.sum())} of {len(wins)} random circuits of its size do less well"
        return Measured(wins, {"random circuit": names}, tuple(range(len(wins))), True, (note,))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """None: what is as good as equal is a tie."""
        return 0.0


@dataclass(frozen=True)
class WinsOverEvery(Question):
    """Whether a circuit does better than most others of its size, all of which are tried.

    Args:
        comparison: With all others.
        better_than: The share that must do less well.
    """

    comparison: Comparison
    better_than: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The scores of all."""
        return self.comparison.needs(scores)

    def answer(self, scores: Scores, alpha: float) -> Found:
        """The share itself: nothing was drawn, so that nothing has an error."""
        try:
            wins = self.comparison.wins(scores)
        except CannotTell as reason:
            return Found(None, str(reason))
        share = float(wins.mean())
        words = f"{int(wins.sum())} of all {len(wins)} other circuits of its size do less well"
        return Found(share > self.better_than, words, effect=share, notes=(words,))
