"""Random tokens said again: the prompts on which induction is defined."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.errors import PromptError, TokenError
from circuit_assert.prompts.base import Ints, TokenizedPrompts, Tokenizer, Which
from circuit_assert.prompts.prompt_set import discovery_ids

# How far behind the query the key is, less the block length: "induction" is the token after the
# previous occurrence. The places around it (not the occurrence itself) are its controls.
_OFFSETS = {"induction": -1, "two after": -2, "three after": -3, "one before": 1}


@dataclass(frozen=True)
class RepeatedTokens:
    """Sequences `[beginning] r₁…rₙ r₁…rₙ`, and as their corrupt side `r₁…rₙ s₁…sₙ`.

    Tokens are drawn without replacement inside a sequence, so that each has one earlier
    occurrence; the fresh second half shares none with the first. Said more than twice, each later
    block of the corrupt side is fresh.

    Args:
        lengths: Block lengths n, in tokens.
        sequences: How many sequences in all, spread evenly over the lengths.
        seed: What they are drawn with.
        which: Which half of the drawn sequences is used; None for all. See `half`.
        times: How often each block is said.
    """

    lengths: tuple[int, ...] = (12, 18, 24)
    sequences: int = 24
    seed: int = 0
    which: Which | None = None
    times: int = 2

    def __post_init__(self) -> None:
        if self.times < 2:
            raise PromptError(f"repeated tokens are said at least twice; got {self.times}.")
        if self.sequences < 1 or not self.lengths:
            raise PromptError("repeated tokens need at least one sequence and one block length.")
        if min(self.lengths) < 3:
            raise PromptError(f"a block needs at least 3 tokens; got {min(self.lengths)}.")

    @property
    def name(self) -> str:
        """How sentences call it."""
        return "repeated random tokens" + (f"[{self.which}]" if self.which else "")

    @property
    def fingerprint(self) -> str:
        """A hash of what it draws."""
        said = f"repeated tokens 1 {self.lengths} {self.sequences} {self.seed}"
        said += f" {self.which}" if self.which else ""
        said += f" {self.times} times" if self.times > 2 else ""
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self._chosen())

    def __repr__(self) -> str:
        lengths = ", ".join(map(str, self.lengths))
        return f"<{self.name}: {len(self)} sequences, blocks of {lengths} tokens>"

    def half(self, which: Which) -> RepeatedTokens:
        """One half of the sequences of every block length: find on one, test on the other.

        Raises:
            PromptError: when it is a half already, or a length has only one sequence.
        """
        if self.which is not None:
            raise PromptError(f"{self.name} is a half already: give the whole set.")
        if self.sequences < 2 * len(self.lengths):
            raise PromptError(
                f"{self.sequences} sequences of {len(self.lengths)} lengths cannot be halved: each "
                f"half needs every length. Give at least sequences={2 * len(self.lengths)}."
            )
        return replace(self, which=which)

    def _chosen(self) -> list[int]:
        """The sequences used; a half has its share of every length."""
        every = range(self.sequences)
        if self.which is None:
            return list(every)
        by_length = [every[start :: len(self.lengths)] for start in range(len(self.lengths))]
        discovery = frozenset[str]().union(*(discovery_ids(map(str, ids)) for ids in by_length))
        return [i for i in every if (str(i) in discovery) == (self.which == "discovery")]

    def tokenize(self, tokenizer: Tokenizer) -> TokenizedPrompts:
        """The sequences in one model's ordinary tokens.

        Raises:
            TokenError: when the vocabulary is too small, or a sequence exceeds the context.
        """
        ordinary = tokenizer.ordinary_tokens()
        start = len(tokenizer.beginning)
        longest = max(self.lengths)
        needed, tokens = max(3, self.times) * longest, start + self.times * longest
        if len(ordinary) < needed:
            raise TokenError(
                f"{tokenizer.name} has {len(ordinary)} ordinary tokens; blocks of {longest} need "
                f"at least {needed}. Give shorter lengths=."
            )
        if tokens > tokenizer.context_length:
            raise TokenError(
                f"blocks of {longest} tokens make {tokens}, more than the context of "
                f"{tokenizer.context_length} of {tokenizer.name}. Give shorter lengths=."
            )
        blocks = [self.lengths[i % len(self.lengths)] for i in range(self.sequences)]
        generator = np.random.default_rng([self.seed, self.sequences, *self.lengths])
        drawn = [_draw(generator, ordinary, n, self.times) for n in blocks]
        return tokenized_blocks(drawn, tokenizer.beginning).only(self._chosen())


def tokenized_blocks(
    drawn: Sequence[tuple[Ints, Ints]],
    beginning: tuple[int, ...],
    *,
    kept: Sequence[int] | None = None,
    dropped: Mapping[int, str] | None = None,
) -> TokenizedPrompts:
    """Each first block said again, and as its corrupt side followed by what is fresh.

    Args:
        drawn: Per unit, a block, and fresh tokens for one or more blocks of the same length.
        beginning: The beginning token, or nothing.
        kept: Which units these are; the first ones by default.
        dropped: Unit → why it is not among them.
    """
    begin, start = np.array(beginning, np.int64), len(beginning)
    clean = [
        np.concatenate([begin, first, *[first] * (len(fresh) // len(first))])
        for first, fresh in drawn
    ]
    corrupt = [np.concatenate([begin, first, other]) for first, other in drawn]
    blocks = [len(first) for first, _ in drawn]
    again = [len(fresh) // len(first) for first, fresh in drawn]
    units = np.array(range(len(drawn)) if kept is None else kept, np.int64)
    return TokenizedPrompts(
        tokens={"clean": clean, "corrupt": corrupt},
        kept=units,
        dropped=dropped or {},
        clusters={"sequence": tuple(str(unit) for unit in units)},
        positions={"end": np.array([len(row) - 1 for row in clean], np.int64)},
        pairs=_relations(blocks, again, start),
        targets={
            "clean": _targets(clean, start, blocks),
            "corrupt": _targets(corrupt, start, blocks),
        },
        groups=tuple(str(n) for n in blocks),
    )


def repeated_tokens(
    *, lengths: Iterable[int] = (12, 18, 24), sequences: int = 24, seed: int = 0, times: int = 2
) -> RepeatedTokens:
    """Random tokens said again, with fresh tokens after the first block as the corrupt side.

    Args:
        lengths: Block lengths in tokens.
        sequences: How many sequences in all.
        seed: What they are drawn with.
        times: How often each block is said.

    Raises:
        PromptError: for no sequences, blocks shorter than three tokens, or said only once.
    """
    return RepeatedTokens(tuple(lengths), sequences, seed, times=times)


def _draw(
    generator: np.random.Generator, ordinary: Ints, length: int, times: int
) -> tuple[Ints, Ints]:
    drawn = generator.choice(ordinary, size=times * length, replace=False)
    return drawn[:length], drawn[length:]


def _relations(blocks: list[int], again: list[int], start: int) -> dict[str, list[Ints]]:
    relations = {
        name: [_offset_pairs(n, start, by) for n in blocks] for name, by in _OFFSETS.items()
    }
    whole = list(zip(blocks, again, strict=True))
    relations["after every occurrence"] = [_every_target(n, more, start) for n, more in whole]
    relations["previous"] = [_every_offset((1 + more) * n, start, 1) for n, more in whole]
    relations["duplicate"] = [_offset_pairs(n, start, 0) for n in blocks]
    return relations


def _offset_pairs(length: int, start: int, shift: int) -> Ints:
    """Query at each place of the second block, key `length + shift` places before it."""
    queries = start + length + np.arange(length)
    keys = queries - length - shift
    return np.stack([queries, keys], axis=1)[keys >= start]


def _every_target(length: int, again: int, start: int) -> Ints:
    """Query at each place of the later blocks, a key after each earlier occurrence of its token."""
    places = np.arange(length)
    pairs = [
        np.stack([start + block * length + places, start + earlier * length + places + 1], axis=1)
        for block in range(1, 1 + again)
        for earlier in range(block)
    ]
    return np.concatenate(pairs)


def _every_offset(length: int, start: int, by: int) -> Ints:
    queries = start + np.arange(by, length)
    return np.stack([queries, queries - by], axis=1)


def _targets(rows: Sequence[Ints], start: int, blocks: list[int]) -> list[Ints]:
    """Places of the second block whose next token the first block of the clean side has shown."""
    targets: list[Ints] = []
    for row, length in zip(rows, blocks, strict=True):
        positions = start + length + np.arange(length - 1)
        targets.append(np.stack([positions, row[positions + 1]], axis=1))
    return targets
