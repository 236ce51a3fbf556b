"""What a claim consists of: criteria, joined by all-of, any-of and the like, with guards and gates.

A tree of these says what is measured and claimed; `judge` says whether it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from circuit_assert.stats.estimate import AnySample
from circuit_assert.stats.region import Region
from circuit_assert.stats.verdict import Verdict


@dataclass(frozen=True)
class Criterion:
    """A primary criterion: it can support the claim, and it can refute it.

    Args:
        name: How the evidence calls it; unique in its tree.
        sample: What was measured.
        region: Where its effect is claimed to lie.
        noise_floor: Of the measurement, in the effect's unit. Default 0.
    """

    name: str
    sample: AnySample
    region: Region
    noise_floor: float = 0.0


@dataclass(frozen=True)
class Settled:
    """A primary criterion that was decided without a sample, or could not be measured.

    Args:
        name: How the evidence calls it; unique in its tree.
        verdict: What is known of it.
        reason: Why, a sentence without a full stop.
    """

    name: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Control:
    """A condition that has to hold before a claim counts: the base of guards and gates.

    Either measured, with a sample and a region, or found elsewhere and made by `of`.

    Args:
        name: How the evidence calls it; unique in its tree.
        sample: What was measured.
        region: Where its effect has to lie.
        noise_floor: Of the measurement, in the effect's unit. Default 0.
        reason: What its failure means, as in "not specific: a layer-mate does as much".
        passed: Of a condition found elsewhere; None when it could not be decided.
        p_value: Of a condition found elsewhere; where given, it decides at the level judged.

    Raises:
        ValueError: when it has neither or only one of sample and region, or both kinds.
    """

    name: str
    sample: AnySample | None = None
    region: Region | None = None
    noise_floor: float = 0.0
    reason: str = "a control fails"
    passed: bool | None = field(default=None, kw_only=True)
    p_value: float | None = field(default=None, kw_only=True)
    _found: bool = field(default=False, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        if self._found in (self.sample is not None, self.region is not None):
            raise ValueError(
                f"{type(self).__name__} {self.name!r} needs a sample and a region; "
                f"for a condition found elsewhere write {type(self).__name__}.of(name, passed)."
            )
        if not self._found and (self.passed is not None or self.p_value is not None):
            raise ValueError(f"{self.name!r} is measured: it is judged, not told that it passed.")

    @classmethod
    def of(
        cls, name: str, passed: bool | None, reason: str = "", *, p_value: float | None = None
    ) -> Self:
        """A condition found elsewhere.

        Args:
            name: How the evidence calls it; unique in its tree.
            passed: Whether it holds; None when it cannot be decided.
            reason: What its failure means, or why it cannot be decided. Default the class's.
            p_value: Where given, it has to be at most the level judged at.
        """
        return cls(name, reason=reason or cls.reason, passed=passed, p_value=p_value, _found=True)


@dataclass(frozen=True)
class Guard(Control):
    """A control: unless it is supported, the claim is inconclusive. It never refutes.

    Args and raises: see `Control`.
    """


@dataclass(frozen=True)
class Gate(Control):
    """A competence gate: unless it is supported, nothing is decided, denials included.

    Args and raises: see `Control`.
    """

    reason: str = "the model does not do the task"


@dataclass(frozen=True)
class AllOf:
    """A conjunction: supported when every part is, refuted when any primary part is.

    Args:
        nodes: Primary parts (at least one), guards and gates, in the order of the evidence.

    Raises:
        ValueError: without a primary part.
    """

    nodes: Sequence[Node | Control]

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(self.nodes))
        if not self.primaries:
            raise ValueError("all-of needs a criterion: guards and gates alone claim nothing.")

    @property
    def primaries(self) -> tuple[Node, ...]:
        """The parts that can support and refute."""
        return tuple(node for node in self.nodes if not isinstance(node, Control))


@dataclass(frozen=True)
class AnyOf:
    """A disjunction: supported when any part is, refuted when every part is.

    Args:
        nodes: Primary parts, at least one. A guard belongs into an all-of with what it guards.

    Raises:
        ValueError: without a part, or with a guard or gate as a direct part.
    """

    nodes: Sequence[Node]

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(self.nodes))
        if not self.nodes:
            raise ValueError("any-of needs a criterion.")
        for node in self.nodes:
            if isinstance(node, Control):
                raise ValueError(
                    f"{type(node).__name__} {node.name!r} is not an alternative: "
                    "put it into an AllOf with the criterion that it controls."
                )


@dataclass(frozen=True)
class Denied:
    """The opposite of a part: supported when it is refuted, refuted when it is supported.

    Args:
        node: What is denied.
    """

    node: Node


@dataclass(frozen=True)
class Exists:
    """Some member of a family is as claimed: supported when the chosen one is.

    Args:
        chosen: The member that was chosen on other clusters than those it is judged on.
        others: The rest of the family; each has to be refuted too for the whole to be.
    """

    chosen: Node
    others: Sequence[Node] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "others", tuple(self.others))


Node = Criterion | Settled | AllOf | AnyOf | Denied | Exists


def names(node: Node | Control) -> Iterator[str]:
    """The names of every criterion, guard and gate, in order."""
    match node:
        case AllOf(nodes) | AnyOf(nodes):
            parts = nodes
        case Denied(denied):
            parts = (denied,)
        case Exists(chosen, others):
            parts = (chosen, *others)
        case _:
            yield node.name
            return
    for part in parts:
        yield from names(part)
