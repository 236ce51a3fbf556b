"""What every kind of prompt set offers, and what a tokenizer must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Side = Literal["clean", "corrupt"]
Which = Literal["discovery", "test"]
Ints = npt.NDArray[np.int64]


@runtime_checkable
class Tokenizer(Protocol):
    """The part of a model's tokenizer that prompt sets use."""

    @property
    def name(self) -> str:
        """The model's name, for messages."""
        ...

    @property
    def vocabulary_size(self) -> int:
        """How many tokens there are."""
        ...

    @property
    def beginning(self) -> tuple[int, ...]:
        """The beginning-of-sequence token, or nothing."""
        ...

    @property
    def context_length(self) -> int:
        """The longest sequence the model takes, in tokens."""
        ...

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without special tokens."""
        ...

    def piece(self, token: int) -> str:
        """How one token reads."""
        ...

    def ordinary_tokens(self) -> Ints:
        """Tokens that stand for text: no special, unused, or byte-fallback ones."""
        ...


@dataclass(frozen=True)
class TokenizedPrompts:
    """A prompt set in one model's tokens; only the units that fit this model.

    Args:
        tokens: Side → one row of token ids per kept unit, the beginning token included.
        kept: Which units of the prompt set these are.
        dropped: Unit → why it does not fit this model.
        clusters: Cluster name → one id per kept unit.
        positions: Role → position per kept unit ("end" is always there).
        answers: First token of the answer, per kept unit; empty when the set has none.
        foils: First token of the foil, per kept unit; empty when the set has none.
        pairs: Relation → per unit, `[n, 2]` query and key positions.
        targets: Side → per unit, `[n, 2]` of position and next token: what a loss is taken over.
        groups: Per unit, which units it may exchange activations with, position by position.
        not_begun: Sides that are made to begin otherwise than with the beginning token, once.
        labels: Cluster name → one id per kept unit, also for names that nothing is decided by.
    """

    tokens: Mapping[Side, Sequence[Ints]]
    kept: Ints
    clusters: Mapping[str, tuple[str, ...]]
    positions: Mapping[str, Ints]
    dropped: Mapping[int, str] = field(default_factory=dict[int, str])
    answers: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    foils: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    pairs: Mapping[str, Sequence[Ints]] = field(default_factory=dict[str, Sequence[Ints]])
    targets: Mapping[Side, Sequence[Ints]] = field(default_factory=dict[Side, Sequence[Ints]])
    groups: tuple[str, ...] = ()
    not_begun: tuple[Side, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __len__(self) -> int:
        return len(self.kept)

    def only(self, units: Sequence[int]) -> TokenizedPrompts:
        """The chosen units, in this order, and all that is said of them.

        Args:
            units: Which, counted among the kept ones.
        """
        chosen = np.array(units, np.int64)
        return replace(
            self,
            tokens={side: [rows[u] for u in units] for side, rows in self.tokens.items()},
            kept=self.kept[chosen],
            clusters={name: tuple(ids[u] for u in units) for name, ids in self.clusters.items()},
            positions={role: places[chosen] for role, places in self.positions.items()},
            answers=self.answers[chosen] if len(self.answers) else self.answers,
            foils=self.foils[chosen] if len(self.foils) else self.foils,
            pairs={name: [per_unit[u] for u in units] for name, per_unit in self.pairs.items()},
            targets={side: [per_unit[u] for u in units] for side, per_unit in self.targets.items()},
            groups=tuple(self.groups[u] for u in units) if self.groups else (),
            labels={name: tuple(ids[u] for u in units) for name, ids in self.labels.items()},
        )


@runtime_checkable
class Prompts(Protocol):
    """A prompt set of any kind: hashable, named, and tokenized on demand."""

    @property
    def name(self) -> str:
        """How sentences call it."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of its contents."""
        ...

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """Its tokens in one model; raises `TokenError` when too little fits."""
        ...

    def __len__(self) -> int: ...

    def __hash__(self) -> int: ...

    def __eq__(self, other: object, /) -> bool: ...
