"""What runs cannot do without, in multiplications and additions, told from sizes alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.measurements.base import Batch, Measurement, ReadsAllLogits, ReadsSomeOfTheFinal
from circuit_assert.models.card import Card, mlp_weights, projection_weights
from circuit_assert.prompts.base import Ints, Side, TokenizedPrompts, Tokenizer


@dataclass(frozen=True)
class Work:
    """What an engine has done so far.

    Args:
        runs: Forward passes.
        reused: Scores that were read from the cache.
        seconds: That runs took, noise floors and all; not what is worked out from weights.
        needed_flops: Floating-point operations that the measured scores cannot do without.
    """

    runs: int = 0
    reused: int = 0
    seconds: float = 0.0
    needed_flops: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(
            self.runs + other.runs,
            self.reused + other.reused,
            self.seconds + other.seconds,
            self.needed_flops + other.needed_flops,
        )

    def __sub__(self, earlier: Work) -> Work:
        return Work(
            self.runs - earlier.runs,
            self.reused - earlier.reused,
            self.seconds - earlier.seconds,
            self.needed_flops - earlier.needed_flops,
        )


def flops(
    card: Card,
    tokenizer: Tokenizer,
    prompts: TokenizedPrompts,
    side: Side,
    measurements: Iterable[Measurement],
    *,
    start: int = 0,
    untouched: int = 0,
) -> float:
    """Floating-point operations of one pass over a prompt set: two for each weight and token.

    The last block's MLP counts where it is read, the unembedding where all tokens' logits are
    needed, once however many measurements need them. Norms, activation functions and embeddings
    count as nothing.

    Args:
        card: The model's sizes.
        tokenizer: The model's.
        prompts: The set in its tokens.
        side: Clean or corrupt.
        measurements: What is read.
        start: The first block that runs.
        untouched: At how many positions what leaves every block is known.
    """
    wanted = list(measurements)
    last = max(measurement.last_layer(card) for measurement in wanted)
    lengths = np.array([len(row) for row in prompts.tokens[side]])
    batch = Batch(prompts, side, np.arange(len(prompts)))
    read = _read(wanted, batch) if last == card.layers - 1 else None
    total = float(lengths.sum())
    blocks = last + 1 - start
    products = total * projection_weights(card) * blocks
    products += (total - untouched) * mlp_weights(card) * (blocks - 1)
    products += (total - untouched if read is None else read) * mlp_weights(card)
    products += 2.0 * card.heads * card.d_head * float((lengths**2).sum()) * blocks
    products += _unembedded(wanted, batch, card, tokenizer) * card.d_model * card.vocabulary
    return 2.0 * products


def _read(measurements: Iterable[Measurement], batch: Batch) -> int | None:
    """At how many positions the final residual stream is read; None for all."""
    found: list[Ints] = []
    for measurement in measurements:
        if not isinstance(measurement, ReadsSomeOfTheFinal):
            return None
        found.append(measurement.final_positions(batch))
    return len(np.unique(np.concatenate(found), axis=0))


def _unembedded(
    measurements: Iterable[Measurement], batch: Batch, card: Card, tokenizer: Tokenizer
) -> int:
    """At how many places the logits of all tokens are needed, by one measurement or by several."""
    reading = [each for each in measurements if isinstance(each, ReadsAllLogits)]
    found = [each.unembedded(batch, card, tokenizer) for each in reading]
    return len(np.unique(np.concatenate(found), axis=0)) if found else 0
