"""Claims about a family: some member is as claimed, or exactly these are, or each model is."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuit_assert.claims.criteria import Body, Criterion, Fact, leaves_of
from circuit_assert.components import Component
from circuit_assert.prompts.base import Prompts

if TYPE_CHECKING:
    from circuit_assert.claims.claim import Claim


@dataclass(frozen=True)
class Member:
    """One component of a family, and what would be claimed of it alone.

    Args:
        component: Which.
        body: Its criteria, named after it.
        setting: In which setting, where that is what members differ by.
    """

    component: Component
    body: Body
    setting: str = ""

    @property
    def name(self) -> str:
        """What evidence calls it."""
        return self.setting or str(self.component)

    @property
    def first(self) -> Criterion | Fact:
        """Its first primary criterion."""
        return leaves_of(self.body.primaries)[0]


@dataclass(frozen=True)
class Family(ABC):
    """What a claim about a family rests on.

    Args:
        words: The claim's sentence, without the model's name.
        arguments: What it was called with, as its identity says them.
        source: Where the claim about one member comes from.
        on: The prompts that it is tested on.
    """

    words: str
    arguments: Mapping[str, str]
    source: str
    on: Prompts

    @property
    def about(self) -> tuple[Component, ...]:
        """The components that whoever makes the claim has chosen."""
        return ()

    @property
    def tested_on(self) -> tuple[Prompts, ...]:
        """All prompts that it is tested on."""
        return (self.on,)


@dataclass(frozen=True)
class SomeMember(Family):
    """At least one member is as claimed: one is chosen on other prompts, and judged on these.

    Args:
        members: The family, on the prompts that it is tested on.
        searched: The family, on the prompts that choose.
        searched_on: These prompts.
        criterion: The first criterion's name.
    """

    members: tuple[Member, ...]
    searched: tuple[Member, ...]
    searched_on: Prompts
    criterion: str


@dataclass(frozen=True)
class ExactlyThese(Family):
    """Some members are as claimed and the others are not.

    Args:
        these: The members that are.
        others: The members that are not.
    """

    these: tuple[Member, ...]
    others: tuple[Member, ...]

    @property
    def about(self) -> tuple[Component, ...]:
        """The members that are said to be as claimed."""
        return tuple(member.component for member in self.these)


@dataclass(frozen=True)
class EveryCell(ExactlyThese):
    """One component is as claimed in every setting of a grid.

    Args:
        grid: The prompts of all settings.
    """

    grid: tuple[Prompts, ...]

    @property
    def about(self) -> tuple[Component, ...]:
        """The component."""
        return tuple(dict.fromkeys(super().about))

    @property
    def tested_on(self) -> tuple[Prompts, ...]:
        """Those of all settings."""
        return self.grid


@dataclass(frozen=True)
class AtEachModel:
    """What a claim about several models rests on: a claim about each of them.

    Args:
        denied: Those that are to be refuted.
        supported: Those that are to be supported.
    """

    denied: tuple[Claim, ...]
    supported: tuple[Claim, ...]

    @property
    def parts(self) -> tuple[Claim, ...]:
        """All of them, in the order of the models."""
        return (*self.denied, *self.supported)
