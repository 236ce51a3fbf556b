"""What a claim is made of: quantities, each with the region it is claimed to lie in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from circuit_assert.claims.quantities import Quantity, Statistic
from circuit_assert.components import Owner
from circuit_assert.errors import ClaimError
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.stats.region import Region


@dataclass(frozen=True)
class Criterion:
    """One quantity and the region it is claimed to lie in.

    Args:
        name: Short: "pattern", "copying".
        quantity: What is measured, its control already taken off.
        region: Where it should be.
        words: The expectation as the evidence says it, before the region's bound.
        unit: What the numbers are: "attention", "logits", "nats".
        model: Whose it is.
        otherwise: As a gate: what is the case where it fails; else that the task is not done.
    """

    name: str
    quantity: Quantity | Statistic
    region: Region
    words: str
    unit: str
    model: Owner | None = field(default=None, compare=False)
    otherwise: str = field(default="", compare=False)


@dataclass(frozen=True)
class Found:
    """The answer to a question that has no interval.

    Args:
        holds: Whether it holds; None when it cannot be decided.
        words: What was found, or why it cannot be decided.
        p_value: Of a rank among peers: it holds at a level when this is at most the level.
        effect: The number behind it, if there is one.
        notes: What a reader of the evidence should know.
        others: The same number of each peer that it was ranked among.
    """

    holds: bool | None
    words: str
    p_value: float | None = None
    effect: float | None = None
    notes: tuple[str, ...] = ()
    others: tuple[float, ...] = ()


class Question(ABC):
    """Something that weights alone decide, or a rank among peers. Subclasses are frozen."""

    @abstractmethod
    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The requests it rests on, as far as the scores so far tell."""

    @abstractmethod
    def answer(self, scores: Scores, alpha: float) -> Found:
        """What was found; `alpha` is the level at which a rank has to be decided."""


@dataclass(frozen=True)
class Fact:
    """A criterion with a plain answer: no sample, no interval.

    Args:
        name: Short.
        question: What is asked.
        words: The expectation.
        unit: What its number is, if it has one.
    """

    name: str
    question: Question
    words: str
    unit: str = ""


@dataclass(frozen=True)
class AllOf:
    """Every part is claimed."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part is claimed."""

    parts: tuple[Node, ...]


Node: TypeAlias = Criterion | Fact | AllOf | AnyOf


@dataclass(frozen=True)
class Body:
    """All that a claim rests on.

    Args:
        primaries: What is claimed.
        guards: Controls: one that fails makes the claim inconclusive, never refuted.
        gate: What must hold before the claim is about anything: that the model does the task.
        scope: What the sentence has to add: over what it is claimed.
    """

    primaries: Node
    guards: tuple[Node, ...] = ()
    gate: Node | None = None
    scope: str = ""

    def leaves(self) -> list[tuple[str, Criterion | Fact]]:
        """Every criterion with its role, in the order of the evidence."""
        return [
            *(("gate", leaf) for leaf in leaves_of(self.gate)),
            *(("primary", leaf) for leaf in leaves_of(self.primaries)),
            *(("guard", leaf) for guard in self.guards for leaf in leaves_of(guard)),
        ]

    def of(self, member: str) -> Body:
        """The same, each criterion's name after that of the member of a family it is about."""
        return replace(
            self,
            primaries=_named_after(member, self.primaries),
            guards=tuple(_named_after(member, guard) for guard in self.guards),
            gate=None if self.gate is None else _named_after(member, self.gate),
        )


def _named_after(member: str, node: Node) -> Node:
    match node:
        case Criterion() | Fact():
            return replace(node, name=f"{member} {node.name}")
        case AllOf(parts):
            return AllOf(tuple(_named_after(member, part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_named_after(member, part) for part in parts))


def leaves_of(node: Node | None) -> list[Criterion | Fact]:
    """The criteria under a node, in order."""
    match node:
        case None:
            return []
        case Criterion() | Fact():
            return [node]
        case AllOf(parts) | AnyOf(parts):
            return [leaf for part in parts for leaf in leaves_of(part)]


def all_of(*parts: Node, guards: Iterable[Node] = (), gate: Node | None = None) -> Body:
    """A claim of several primary criteria, each of which must hold.

    Args:
        parts: The primary criteria.
        guards: Controls that must hold too, or the claim is inconclusive.
        gate: What the model must do for the claim to be about anything.

    Raises:
        ClaimError: for no parts.
    """
    if not parts:
        raise ClaimError("a claim needs at least one criterion.")
    primaries = parts[0] if len(parts) == 1 else AllOf(parts)
    return Body(primaries, tuple(guards), gate)


def any_of(*parts: Node) -> AnyOf:
    """One of several criteria is enough; each is then tested at its share of the false-pass rate.

    Raises:
        ClaimError: for fewer than two parts.
    """
    if len(parts) < 2:
        raise ClaimError("any_of needs at least two criteria.")
    return AnyOf(parts)
