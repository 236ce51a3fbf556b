"""What a strategy draws: prompts, or sequences of tokens; and many of them as one prompt set."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import numpy as np

from circuit_assert.errors import PromptError, TokenError
from circuit_assert.prompts.base import Ints, Prompts, TokenizedPrompts, Tokenizer
from circuit_assert.prompts.prompt_set import Prompt, PromptSet
from circuit_assert.prompts.repeated import tokenized_blocks

_NAME = "drawn prompts"


@dataclass(frozen=True)
class TokenSequence:
    """Any tokens, behind the beginning token.

    Args:
        tokens: Token ids, without the beginning token.
    """

    tokens: tuple[int, ...]


@dataclass(frozen=True)
class RepeatedSequence:
    """A block of tokens said twice; its corrupt side says the fresh block the second time.

    Args:
        block: Token ids.
        fresh: As many other token ids.
    """

    block: tuple[int, ...]
    fresh: tuple[int, ...]


Drawn: TypeAlias = Prompt | TokenSequence | RepeatedSequence


def as_prompts(units: Sequence[Drawn]) -> Prompts:
    """Drawn units of one kind as one prompt set, each a cluster of its own.

    Raises:
        PromptError: for nothing, or for units of several kinds.
    """
    prompts = [unit for unit in units if isinstance(unit, Prompt)]
    tokens = tuple(unit for unit in units if isinstance(unit, TokenSequence))
    repeats = tuple(unit for unit in units if isinstance(unit, RepeatedSequence))
    if not units or len(units) not in (len(prompts), len(tokens), len(repeats)):
        kinds = ", ".join(sorted({type(unit).__name__ for unit in units})) or "nothing"
        raise PromptError(
            f"a search draws units of one kind: Prompt, TokenSequence or RepeatedSequence; the "
            f"strategy gave {kinds}."
        )
    if prompts:
        return PromptSet.from_list(prompts, name=_NAME)
    return DrawnTokens(tokens) if tokens else DrawnRepeats(repeats)


def reading(unit: Drawn, tokenizer: Tokenizer) -> str:
    """How a unit reads, in quotes; the second block of a repeated sequence after a bar."""
    match unit:
        case Prompt():
            return repr(unit.text)
        case TokenSequence():
            return repr(_text(unit.tokens, tokenizer))
        case RepeatedSequence():
            block = _text(unit.block, tokenizer)
            return f"{block + '|' + block!r} (a block of {len(unit.block)} tokens, twice)"


_Unit = TypeVar("_Unit", TokenSequence, RepeatedSequence)


@dataclass(frozen=True)
class _DrawnUnits(Generic[_Unit]):
    """What sets of drawn sequences have in common."""

    units: tuple[_Unit, ...]

    @property
    def name(self) -> str:
        """How sentences call it."""
        return _NAME

    @property
    def fingerprint(self) -> str:
        """A hash of its tokens."""
        return hashlib.sha256(repr(self.units).encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self.units)


@dataclass(frozen=True)
class DrawnTokens(_DrawnUnits[TokenSequence]):
    """Token sequences as a prompt set. Positions: "end". Relations: "previous".

    Args:
        units: The sequences.
    """

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The sequences behind the beginning token.

        Raises:
            TokenError: when all are longer than the context.
        """
        rows = [np.array([*tokenizer.beginning, *unit.tokens], np.int64) for unit in self.units]
        dropped = _too_long([len(row) for row in rows], tokenizer)
        kept = [unit for unit in range(len(rows)) if unit not in dropped]
        fitting = [rows[unit] for unit in kept]
        return TokenizedPrompts(
            tokens={"clean": fitting},
            kept=np.array(kept, np.int64),
            dropped=dropped,
            clusters={"sequence": tuple(map(str, kept))},
            positions={"end": np.array([len(row) - 1 for row in fitting], np.int64)},
            pairs={"previous": [_previous(len(row)) for row in fitting]},
            targets={"clean": [_next_tokens(row) for row in fitting]},
            groups=tuple(str(len(row)) for row in fitting),
        )


@dataclass(frozen=True)
class DrawnRepeats(_DrawnUnits[RepeatedSequence]):
    """Repeated sequences as a prompt set, with the relations of `repeated_tokens`.

    Args:
        units: The sequences.
    """

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The sequences behind the beginning token.

        Raises:
            TokenError: when all are longer than the context.
        """
        start = len(tokenizer.beginning)
        dropped = _too_long([start + 2 * len(unit.block) for unit in self.units], tokenizer)
        kept = [unit for unit in range(len(self.units)) if unit not in dropped]
        blocks = [
            (np.array(self.units[unit].block, np.int64), np.array(self.units[unit].fresh, np.int64))
            for unit in kept
        ]
        return tokenized_blocks(blocks, tokenizer.beginning, kept=kept, dropped=dropped)


def _too_long(lengths: Sequence[int], tokenizer: Tokenizer) -> dict[int, str]:
    limit = tokenizer.context_length
    dropped = {
        unit: f"it has {length} tokens, more than the context of {limit}"
        for unit, length in enumerate(lengths)
        if length > limit
    }
    if len(dropped) == len(lengths):
        raise TokenError(f"no sequence fits {tokenizer.name}: {dropped[0]}.")
    return dropped


def _previous(length: int) -> Ints:
    queries = np.arange(1, length)
    return np.stack([queries, queries - 1], axis=1)


def _next_tokens(row: Ints) -> Ints:
    return np.stack([np.arange(len(row) - 1), row[1:]], axis=1)


def _text(tokens: Sequence[int], tokenizer: Tokenizer) -> str:
    return "".join(tokenizer.piece(token) for token in tokens)
