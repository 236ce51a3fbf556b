"""What a model's runs have left behind: scores for claims, activations for interventions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import torch

from circuit_assert.components import Component, Direction, Head, Site
from circuit_assert.errors import PromptError, TokenError
from circuit_assert.measurements.activations import Kept, Residual
from circuit_assert.measurements.base import AnyRequest, Array, Request
from circuit_assert.prompts.agreement import donors_by
from circuit_assert.prompts.base import Ints, Prompts, Side, TokenizedPrompts, Tokenizer


@dataclass
class Store:
    """Scores and activations of one loaded model.

    Args:
        tokenizer: The model's.
        kept_bytes: What all kept activations take; those that several sets have count once.
    """

    tokenizer: Tokenizer
    kept_bytes: int = field(default=0, init=False)
    _holders: Counter[int] = field(default_factory=Counter[int], init=False)
    scores: dict[AnyRequest, Array] = field(default_factory=dict[AnyRequest, Array])
    failures: dict[AnyRequest, str] = field(default_factory=dict[AnyRequest, str])
    _kept: dict[tuple[Kept, Prompts, Side], list[torch.Tensor]] = field(
        default_factory=dict[tuple[Kept, Prompts, Side], list[torch.Tensor]]
    )
    _tokenized: dict[Prompts, TokenizedPrompts] = field(
        default_factory=dict[Prompts, TokenizedPrompts]
    )
    _partners: dict[tuple[Prompts, Prompts, int], Sequence[int]] = field(
        default_factory=dict[tuple[Prompts, Prompts, int], Sequence[int]]
    )
    _rows: dict[tuple[Prompts, Side], Sequence[bytes]] = field(
        default_factory=dict[tuple[Prompts, Side], Sequence[bytes]]
    )
    _donors: dict[tuple[Prompts, str | None], Sequence[Sequence[int]]] = field(
        default_factory=dict[tuple[Prompts, "str | None"], Sequence[Sequence[int]]]
    )

    def tokenized(self, prompts: Prompts) -> TokenizedPrompts:
        """A set in the model's tokens, tokenized once.

        Raises:
            TokenError: when too little fits, or a sequence does not begin as the model's do.
        """
        if prompts not in self._tokenized:
            tokenized = prompts.tokenize(self.tokenizer)
            for side, rows in tokenized.tokens.items():
                if side not in tokenized.not_begun:
                    _check_beginnings(prompts.name, rows, self.tokenizer)
            self._tokenized[prompts] = tokenized
        return self._tokenized[prompts]

    def tokens(self, prompts: Prompts, side: Side) -> Sequence[Ints]:
        """One side of a set, a row of tokens for each unit.

        Raises:
            PromptError: when the set has no such side.
        """
        sides = self.tokenized(prompts).tokens
        if side not in sides:
            raise PromptError(
                f"{prompts.name} has no {side} prompts: give each Prompt corrupt=…, or compare "
                f"with another control."
            )
        return sides[side]

    def partners(self, source: Prompts, on: Prompts, unit: int) -> Sequence[int]:
        """Units of `source` that can stand in for a unit of `on`; worked out once for each."""
        key = (source, on, unit)
        if key not in self._partners:
            left_out = unit if source == on else None
            like = self.tokenized(on)
            self._partners[key] = exchange_partners(self.tokenized(source), left_out, like, unit)
        return self._partners[key]

    def donors(self, on: Prompts, feature: str | None) -> Sequence[Sequence[int]]:
        """Per unit, the others that agree with it on a feature; worked out once."""
        if (on, feature) not in self._donors:
            self._donors[on, feature] = donors_by(self.tokenized(on), feature)
        return self._donors[on, feature]

    def has(self, request: AnyRequest) -> bool:
        """Whether it has been measured."""
        if isinstance(request, Request) and isinstance(request.measurement, Kept):
            return (request.measurement, request.on, request.side) in self._kept
        return request in self.scores or request in self.failures

    def keep(self, kept: Kept, on: Prompts, side: Side, rows: list[torch.Tensor]) -> None:
        """Keep an activation, one tensor per unit."""
        key = (kept, on, side)
        if key in self._kept:
            self._let_go(key)
        self._kept[key] = rows
        for tensor in rows:
            self.kept_bytes += 0 if self._holders[id(tensor)] else tensor.nbytes
            self._holders[id(tensor)] += 1

    def _let_go(self, key: tuple[Kept, Prompts, Side]) -> None:
        for tensor in self._kept.pop(key):
            self._holders[id(tensor)] -= 1
            if not self._holders[id(tensor)]:
                self.kept_bytes -= tensor.nbytes
                del self._holders[id(tensor)]  # another tensor may come to have this id

    def kept(self, what: Component | Site, on: Prompts, side: Side) -> list[torch.Tensor]:
        """An activation that a pass has kept, one tensor `[pos, ...]` per unit."""
        if isinstance(what, Site):
            return self._kept[Kept(what), on, side]
        rows = self._kept[Kept.of(what), on, side]
        return [row[:, what.head] for row in rows] if isinstance(what, Head) else rows

    def rows(self, prompts: Prompts, side: Side) -> Sequence[bytes]:
        """One side of a set, each row of tokens as it is written in memory; worked out once.

        Raises:
            PromptError: when the set has no such side.
        """
        if (prompts, side) not in self._rows:
            self._rows[prompts, side] = [row.tobytes() for row in self.tokens(prompts, side)]
        return self._rows[prompts, side]

    def adopt(self, prompts: Prompts, side: Side) -> None:
        """Keep for a set what is kept of the same rows in others; nothing is copied.

        What it has already is then the newest, and forgotten last.

        Raises:
            PromptError: when the set has no such side.
        """
        wanted = self.rows(prompts, side)
        distinct = frozenset(wanted)
        found: dict[Kept, dict[bytes, torch.Tensor]] = {}
        for (kept, other, its_side), tensors in self._kept.items():
            rows = self.rows(other, its_side)
            if not distinct.isdisjoint(rows):
                found.setdefault(kept, {}).update(zip(rows, tensors, strict=True))
        for kept, tensors in found.items():
            own = self._kept.pop((kept, prompts, side), None)
            if own is not None:
                self._kept[kept, prompts, side] = own
            elif all(row in tensors for row in wanted):
                self.keep(kept, prompts, side, [tensors[row] for row in wanted])

    def forget_activations(
        self,
        beyond: int,
        keeping: Collection[AnyRequest] = (),
        last: Collection[tuple[Prompts, Side]] = (),
    ) -> None:
        """Let the oldest activations go until the rest fits in `beyond` bytes; scores stay.

        Args:
            beyond: How many bytes may stay.
            keeping: What does not go at all.
            last: Sides of prompt sets of which all else goes after that of others.
        """
        for kept, on, side in sorted(self._kept, key=lambda key: key[1:] in last):
            if self.kept_bytes <= beyond:
                break
            if Request(kept, on, side) not in keeping:
                self._let_go((kept, on, side))

    def vector(self, direction: Direction) -> torch.Tensor:
        """A direction's numbers, `[d_model]`: the difference of mean residual streams."""
        return torch.from_numpy(
            self._mean(direction, direction.toward) - self._mean(direction, direction.away)
        ).float()

    def _mean(self, direction: Direction, prompts: object) -> Array:
        assert isinstance(prompts, Prompts)  # noqa: S101 - for the type checker
        return self.scores[Request(Residual(direction.site), prompts)].mean(0)


def _check_beginnings(name: str, rows: Sequence[Ints], tokenizer: Tokenizer) -> None:
    """Every sequence begins with the beginning-of-sequence token, once."""
    beginning = list(tokenizer.beginning)
    if not beginning:
        return
    said = tokenizer.piece(beginning[0])
    for unit, row in enumerate(rows):
        twice = row[: 2 * len(beginning)].tolist()
        if twice[: len(beginning)] != beginning:
            raise TokenError(
                f"unit {unit} of {name} does not begin with {said!r}, as every sequence of "
                f"{tokenizer.name} does: put tokenizer.beginning before its tokens."
            )
        if twice == 2 * beginning:
            raise TokenError(
                f"unit {unit} of {name} begins with {said!r} twice in {tokenizer.name}: it is put "
                f"before every text, so leave it out of texts, and encode() without it."
            )


def exchange_partners(
    prompts: TokenizedPrompts, left_out: int | None, like: TokenizedPrompts, own: int
) -> Sequence[int]:
    """Units of `prompts` whose activations can stand in, position by position.

    Same template and length; where fewer than two are left, same length.

    Args:
        prompts: Where the partners are.
        left_out: The unit to leave out, when it is one of them.
        like: The set that is being edited.
        own: The unit of `like` that is being edited.
    """
    row, rows = like.tokens["clean"][own], prompts.tokens["clean"]
    length, written = len(row), row.tobytes()  # comparing arrays takes far longer
    others = [
        unit for unit in range(len(prompts)) if unit != left_out and rows[unit].tobytes() != written
    ]
    same_group = [unit for unit in others if prompts.groups[unit] == like.groups[own]]
    if len(same_group) > 1:
        return same_group
    return [unit for unit in others if len(rows[unit]) == length]
