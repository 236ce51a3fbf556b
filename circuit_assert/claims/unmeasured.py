"""What a claim asks for before anything is known of its model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from circuit_assert.claims.claim import Rests
from circuit_assert.claims.criteria import Body, Criterion, Fact
from circuit_assert.claims.families import ExactlyThese, SomeMember
from circuit_assert.measurements.base import AnyRequest


def bodies_of(rests: Rests) -> Sequence[Body]:
    """The criteria that are measured at first; of a family, those of whom it may come to."""
    match rests:
        case Body():
            return (rests,)
        case SomeMember(members=members, searched=searched):
            return [member.body for member in (*searched, *members[:1])]
        case ExactlyThese(these=these, others=others):
            return [member.body for member in (*these, *others)]
        case _:
            return ()


def needed_at_first(leaf: Criterion | Fact) -> Sequence[AnyRequest] | None:
    """What a criterion asks for first; None when even that depends on what is measured."""
    source = leaf.quantity if isinstance(leaf, Criterion) else leaf.question
    try:
        return list(source.needs(_Nothing()))  # pyright: ignore
    except Exception:
        return None


class _Unknown(Exception):  # noqa: N818 - never leaves this module
    """Something is asked for that is known only after a model is loaded."""


class _Nothing:
    """Scores of a model of which nothing is known."""

    @property
    def weights(self) -> NoReturn:
        raise _Unknown

    def __contains__(self, request: AnyRequest) -> bool:
        return False

    def __getitem__(self, request: AnyRequest) -> NoReturn:
        raise _Unknown

    def tokenized(self, prompts: object) -> NoReturn:
        raise _Unknown
