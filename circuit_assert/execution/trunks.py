"""What interventions have in common below the block in which they part: that runs once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from circuit_assert.components import Site
from circuit_assert.interventions import Ablation, Intervention, Patch, Resampling, first_layer
from circuit_assert.measurements.activations import Kept

_ABOVE_ALL = 1 << 30


@dataclass(frozen=True)
class Trunk:
    """The lower part of several interventions, which are run on from where it ends.

    Args:
        under: What each of them does below a block.
        layer: The block, which they enter.
    """

    under: Intervention
    layer: int

    @property
    def leaving(self) -> tuple[Kept]:
        """What is kept of a run of it: what enters the block."""
        return (Kept(Site(self.layer - 1, "resid_post")),)


@dataclass(frozen=True)
class Branch:
    """An intervention that may share its lower part with others.

    Args:
        under: The whole of it.
        latest: The last block at which a run of it can be entered, for what is read there.
    """

    under: Intervention
    latest: int


@dataclass(frozen=True)
class Grown:
    """Which runs start from which.

    Args:
        trunks: The lowest first, each with the one that it starts from; None for a clean run.
        starts: The same for each branch.
    """

    trunks: dict[Trunk, Trunk | None]
    starts: tuple[Trunk | None, ...]


def grown(branches: Sequence[Branch], most: int) -> Grown:
    """The trunks of interventions: wherever several that have begun have not parted yet.

    Args:
        branches: The interventions. Those that do not come apart by layers share nothing.
        most: How many trunks there may be; those that save most blocks are taken.
    """
    growing = _Growing(branches)
    apart = [n for n, branch in enumerate(branches) if _comes_apart(branch.under)]
    if len(apart) > 1 and most > 0:
        growing.grow(apart, ())
    best = sorted(growing.saved, key=lambda trunk: -growing.saved[trunk])[:most]
    chosen = set(best)

    def start(lineage: _Lineage) -> Trunk | None:
        return next((trunk for trunk in reversed(lineage) if trunk in chosen), None)

    lowest_first = sorted(best, key=lambda trunk: trunk.layer)
    return Grown(
        {trunk: start(growing.below[trunk]) for trunk in lowest_first},
        tuple(start(lineage) for lineage in growing.lineages),
    )


_Lineage: TypeAlias = tuple[Trunk, ...]


class _Growing:
    """Finds all trunks, from the lowest up.

    Args:
        branches: The interventions.
    """

    def __init__(self, branches: Sequence[Branch]) -> None:
        self._branches = branches
        self.lineages: list[_Lineage] = [()] * len(branches)
        self.below: dict[Trunk, _Lineage] = {}
        self.saved: dict[Trunk, int] = {}

    def grow(self, group: Sequence[int], lineage: _Lineage) -> None:
        """Follow some interventions that have not parted so far to where they do."""
        fork = self._fork(group)
        shared = below(self._branches[group[0]].under, fork)
        if shared is not None:
            trunk = Trunk(shared, fork)
            entered = lineage[-1].layer if lineage else first_layer(shared)
            self.below[trunk] = lineage
            self.saved[trunk] = (len(group) - 1) * (fork - entered)
            lineage = (*lineage, trunk)
        for member in group:
            self.lineages[member] = lineage
        for alike in self._parted(group, fork):
            if len(alike) > 1:
                self.grow(alike, lineage)

    def _fork(self, group: Sequence[int]) -> int:
        """The last block that all of them can be entered at with the same stream."""
        some = [self._branches[member] for member in group]
        fork = min(branch.latest for branch in some)
        while len({below(branch.under, fork) for branch in some}) > 1:
            fork -= 1
        return fork

    def _parted(self, group: Sequence[int], fork: int) -> Iterator[list[int]]:
        """Those that go on above a fork, by what they do in its block."""
        parted: dict[Intervention | None, list[int]] = {}
        for member in group:
            branch = self._branches[member]
            if branch.latest > fork:
                parted.setdefault(below(branch.under, fork + 1), []).append(member)
        yield from parted.values()


def below(intervention: Intervention, layer: int) -> Intervention | None:
    """What an intervention does in the blocks below one; None for nothing.

    This part may do nothing, as long as the rest of it does something.
    """
    part = _part(intervention, range(layer))
    return None if part is None else replace(part, may_do_nothing=True)


def from_on(intervention: Intervention, layer: int) -> Intervention | None:
    """What an intervention does from a block on; None for nothing."""
    return _part(intervention, range(layer, _ABOVE_ALL))


def _comes_apart(intervention: Intervention) -> bool:
    """Whether what it does in a block depends on nothing that it did in others but the stream."""
    return isinstance(intervention, Ablation | Patch | Resampling)


def _part(intervention: Intervention, layers: range) -> Ablation | Patch | Resampling | None:
    match intervention:
        case Ablation() | Patch():
            some = tuple(c for c in intervention.components if c.site.layer in layers)
            return replace(intervention, components=some) if some else None
        case Resampling():
            named = tuple(pair for pair in intervention.components if pair[0].site.layer in layers)
            return replace(intervention, components=named) if named else None
        case _:
            raise TypeError(f"{intervention} does not come apart by layers.")
