"""Claims by models: a row for each sentence, a column for each model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from circuit_assert.ledger import ClaimRecord
from circuit_assert.model_names import in_order


class Said:
    """A claim, as far as its place goes: what its record says.

    Args:
        record: A judgement of it.
    """

    record: ClaimRecord

    @property
    def claim_type(self) -> str:
        """The claim type's name."""
        return self.record.claim_type

    @property
    def words(self) -> str:
        """The sentence without the model."""
        return self.record.words or self.record.sentence or self.record.claim_id

    @property
    def model(self) -> str:
        """The model's name."""
        return self.record.model


S = TypeVar("S", bound=Said)


class Row(NamedTuple, Generic[S]):
    """A sentence, and for each model the claims that say it of that model."""

    words: str
    cells: tuple[tuple[S, ...], ...]

    @property
    def models(self) -> int:
        """Of how many models it is claimed."""
        return sum(map(bool, self.cells))


class Group(NamedTuple, Generic[S]):
    """The sentences of one claim type."""

    claim_type: str
    rows: tuple[Row[S], ...]


class Matrix(NamedTuple, Generic[S]):
    """All of them."""

    models: tuple[str, ...]
    groups: tuple[Group[S], ...]

    @property
    def size(self) -> int:
        """How many sentences."""
        return sum(len(group.rows) for group in self.groups)


def matrix(claims: Iterable[S]) -> Matrix[S]:
    """Sentences by claim type, and models, in the order of the claims; checkpoints by number."""
    claims = list(claims)
    models = in_order([claim.model for claim in claims])
    said: dict[str, dict[str, dict[str, list[S]]]] = {}
    for claim in claims:
        rows = said.setdefault(claim.claim_type, {})
        rows.setdefault(claim.words, {}).setdefault(claim.model, []).append(claim)
    groups = (
        Group(
            claim_type,
            tuple(
                Row(words, tuple(tuple(cells.get(model, ())) for model in models))
                for words, cells in rows.items()
            ),
        )
        for claim_type, rows in said.items()
    )
    return Matrix(models, tuple(groups))


def of_several_models(claims: Iterable[S]) -> Matrix[S]:
    """The sentences that are claimed of more than one model, and only the models in them."""
    claims = list(claims)
    models: dict[tuple[str, str], set[str]] = {}
    for claim in claims:
        models.setdefault((claim.claim_type, claim.words), set()).add(claim.model)
    return matrix(each for each in claims if len(models[each.claim_type, each.words]) > 1)
